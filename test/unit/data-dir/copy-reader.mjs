/** The reader of copies as it stands in src/, for tests that run without a build. */
import 'tsx';

await import('../../../src/data-dir/copy-reader.ts');
