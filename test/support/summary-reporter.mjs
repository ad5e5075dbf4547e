/** Ends a run with one plain line that says what passed: `N passed, N failed, N skipped`. */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests;
    // A suite that could not be loaded has run no test, and is a failure all the same.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
    // The other reporters write after this one: only the process's end is late enough for the last word.
    process.once('exit', () => process.stdout.write(`\n${line}\n`));
  }
}
