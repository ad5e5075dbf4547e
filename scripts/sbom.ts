/**
 * `npm run sbom`: the bill of materials of what the server needs, as CycloneDX on standard output. npm makes it of the lock
 * file; what is for development alone is left out here, since `--omit=dev` also leaves out what both need.
 */
import { execFileSync } from 'node:child_process';

const DEVELOPMENT = 'cdx:npm:package:development';
const MAX_BYTES = 64 * 1024 * 1024;

interface Component {
  readonly 'bom-ref': string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

interface Bill {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
const bill: Bill = JSON.parse(execFileSync('npm', args, { encoding: 'utf8', maxBuffer: MAX_BYTES }));
const isForDevelopment = ({ properties = [] }: Component) =>
  properties.some(({ name, value }) => name === DEVELOPMENT && value === 'true');
const left = new Set(bill.components.filter(isForDevelopment).map((component) => component['bom-ref']));
const kept: Bill = {
  ...bill,
  components: bill.components.filter((component) => !left.has(component['bom-ref'])),
  dependencies: bill.dependencies
    .filter(({ ref }) => !left.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => !left.has(other)) })),
};
process.stdout.write(`${JSON.stringify(kept, null, 2)}\n`);
