import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, FrameSplitter, MAX_FRAME_BYTES } from './frame-splitter.js';

const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 });

describe('the frame splitter', () => {
  it('gives the messages back, however the stream is cut', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sent, sizes) => {
        const stream = Buffer.concat(sent.map((message) => encodeFrame(message)));
        const splitter = new FrameSplitter();
        const got: Uint8Array[] = [];
        for (let offset = 0, cut = 0; offset < stream.length; cut++) {
          const size = sizes[cut % sizes.length] ?? 1;
          got.push(...splitter.push(stream.subarray(offset, offset + size)));
          offset += size;
        }
        expect(got.map((message) => Buffer.from(message))).toEqual(sent.map((message) => Buffer.from(message)));
      }),
    );
  });

  it('takes the longest frame and refuses a longer one before its bytes come', () => {
    const longest = new Uint8Array(MAX_FRAME_BYTES);
    expect(new FrameSplitter().push(encodeFrame(longest))).toHaveLength(1);
    expect(() => encodeFrame(new Uint8Array(MAX_FRAME_BYTES + 1))).toThrow(RangeError);
    expect(() => new FrameSplitter().push(Buffer.from('00010001', 'hex'))).toThrow(RangeError);
  });

  it('refuses an empty frame', () => {
    expect(() => encodeFrame(new Uint8Array())).toThrow(RangeError);
    expect(() => new FrameSplitter().push(Buffer.alloc(4))).toThrow(RangeError);
  });
});
