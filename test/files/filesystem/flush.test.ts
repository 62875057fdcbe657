/** A flush that failed is told, and where nothing can flush the whole file system every path is flushed by itself. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import t, { type Test } from 'tap';
import { Flusher } from '../../../src/files/filesystem/flush.ts';

const ownPath = process.env.PATH ?? '';

/** A `sync` that notes its arguments and ends with what is in the file `code`; many paths to be flushed. */
function openSync(
  t: Test,
  script = 'exit $(cat code)',
): { paths: Set<string>; end(code: number): void; calls(): string[] } {
  const folder = t.testdir();
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  const notes = join(folder, 'notes');
  writeFileSync(join(programs, 'sync'), `#!/bin/sh\ncd ${folder}\necho "$*" >>notes\n${script}\n`);
  chmodSync(join(programs, 'sync'), 0o755);
  process.env.PATH = programs + delimiter + ownPath;
  t.teardown(() => {
    process.env.PATH = ownPath;
  });
  const paths = new Set(Array.from({ length: 20 }, (_, at) => join(folder, `file-${at}`)));
  for (const path of paths) writeFileSync(path, 'x');
  return {
    paths,
    end: (code) => writeFileSync(join(folder, 'code'), String(code)),
    calls: () => (existsSync(notes) ? readFileSync(notes, 'utf8').trimEnd().split('\n') : []),
  };
}

t.test('many paths are flushed by one flush of their file system, and a failure of it is told each time', async (t) => {
  const { paths, end, calls } = openSync(t);
  const flusher = new Flusher(t.testdirName);
  end(0);
  await flusher.flush(paths);
  end(1);
  for (let count = 0; count < 2; count += 1) {
    await t.rejects(flusher.flush(paths), { code: 'EIO', message: /^sync -f .* failed$/ });
  }
  end(0);
  await flusher.flush(paths);
  t.same(
    calls(),
    Array.from({ length: 4 }, () => `-f ${t.testdirName}`),
  );
});

t.test('a program that never understood the flush is asked once, and the paths are flushed one by one', async (t) => {
  const { paths, end, calls } = openSync(t);
  end(1);
  const flusher = new Flusher(t.testdirName);
  await flusher.flush(paths);
  await flusher.flush(new Set([...paths, join(t.testdirName, 'gone')]));
  t.equal(calls().length, 1);
  // Where a file stands for the folder, the path is neither there nor gone.
  const broken = join(t.testdirName, 'file-0/inside');
  await t.rejects(flusher.flush(new Set([...paths, broken])), { code: 'ENOTDIR' });
});

t.test('a few paths are flushed one by one', async (t) => {
  const { paths, end, calls } = openSync(t);
  end(0);
  await new Flusher(t.testdirName).flush(new Set([...paths].slice(0, 8)));
  t.same(calls(), []);
});

t.test('a shell that dies is not waited for in vain, and started anew', async (t) => {
  const { paths, end, calls } = openSync(t, 'if [ -e kill ]; then rm kill; kill $PPID; fi; exit $(cat code)');
  end(0);
  const flusher = new Flusher(t.testdirName);
  // Nothing else keeps this process alive meanwhile.
  for (let death = 0; death < 10; death += 1) {
    await flusher.flush(paths);
    writeFileSync(join(t.testdirName, 'kill'), '');
    await flusher.flush(paths);
  }
  t.equal(calls().length, 20);
  end(1);
  await t.rejects(flusher.flush(paths), { code: 'EIO' });
});
