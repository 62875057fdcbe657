/** Serves the sample projects for manual tests: `node --import tsx test/sample/serve-sample.ts [port]`. */

import { sampleIndex } from './sample-projects.ts';
import { openSampleServer } from './sample-server.ts';

const { url } = await openSampleServer({ index: sampleIndex(), port: Number(process.argv[2] ?? 0) });
console.log(url);
