/** The entry: looks at the Node that runs it, and starts the server. What is imported before that is understood by an old Node. */
import { fileURLToPath } from 'node:url';
import { isRecentNode, runUnderInstalledNode } from './node-runtime.js';

if (isRecentNode(process.versions.node)) {
  // Libraries look at it when they are loaded, and otherwise check again and again what our tests have checked.
  process.env.NODE_ENV ??= 'production';
  const { runServer } = await import('./server-process.js');
  // The server's parts are many: what is wrong with the configuration is told before they are loaded.
  await runServer(process.argv.slice(2), process.env, async (options) => {
    const { Server } = await import('./server.js');
    return Server.start(options);
  });
} else {
  runUnderInstalledNode(fileURLToPath(import.meta.url), process.argv.slice(2));
}
