/** `npm run test:mumble`: Mumble's own client, from Debian, on a desktop that nobody sees, with a tone from one to the other. */
import { installPackages, isProgramThere } from '../support/debian-packages.js';
import { FORMS } from './forms.js';
import { World } from './world.js';

/** Programs that are needed, and the packages of Debian that have them. */
const NEEDED = [
  ['mumble', 'mumble'],
  ['Xvfb', 'xvfb'],
  ['pulseaudio', 'pulseaudio'],
  ['pacat', 'pulseaudio-utils'],
  ['openssl', 'openssl'],
] as const;
/** What the process ends with where something did not hold, and where nothing could be tried. */
const FAILED = 1;
const NOT_TRIED = 2;

const missing = await missingPackages();
const failure = missing.length === 0 ? undefined : await installPackages(missing);
if (failure !== undefined || (await missingPackages()).length > 0) {
  const why = failure ?? 'they were installed, but are not there';
  process.stderr.write(
    `Not tried with Mumble's own client: run "apt-get install ${missing.join(' ')}" as root (${why}).\n`,
  );
  process.exitCode = NOT_TRIED;
} else if (!(await allHold())) process.exitCode = FAILED;

async function missingPackages(): Promise<readonly string[]> {
  const there = await Promise.all(NEEDED.map(([program]) => isProgramThere(program)));
  return NEEDED.filter((_, index) => there[index] !== true).map(([, name]) => name);
}

async function allHold(): Promise<boolean> {
  await using world = await World.start();
  // Who stops this at the keyboard leaves nothing running behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => world[Symbol.asyncDispose]().finally(() => process.exit(FAILED)));
  }
  let hold = true;
  for (const { claim, run } of FORMS) {
    try {
      const what = await run(world);
      process.stdout.write(`ok     ${claim}: ${what}\n`);
    } catch (error) {
      hold = false;
      process.stdout.write(`FAILED ${claim}: ${error instanceof Error ? error.message : error}\n`);
    }
  }
  return hold;
}
