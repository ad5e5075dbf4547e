import { MemoryOccupancy } from '../../src/occupancy/memory-occupancy.js';
import { describeOccupancy } from './occupancy.contract.js';

describeOccupancy('in memory', async () => new MemoryOccupancy());
