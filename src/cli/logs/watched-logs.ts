/** Logs that report progress while they are read. */
import type { LogSource, OpenLog } from '../../files/log-source.ts';

/** Returns `source` with a call of `progress` for each piece read. */
export function watchedLogs(source: LogSource, progress: () => void): LogSource {
  return {
    series: (path) => source.series(path),
    rotated: (series) => source.rotated(series),
    open: async (path) => watchedLog(await source.open(path), progress),
  };
}

function watchedLog(log: OpenLog, progress: () => void): OpenLog {
  return {
    path: log.path,
    head: (bytes) => log.head(bytes),
    before: (position, bytes) => log.before(position, bytes),
    end: (bytes) => log.end(bytes),
    read: (position) => watched(log.read(position), progress),
    scan: (position) => watched(log.scan(position), progress),
    isCut: () => log.isCut(),
    close: () => log.close(),
  };
}

async function* watched<T>(pieces: AsyncIterable<T>, progress: () => void): AsyncIterable<T> {
  for await (const piece of pieces) {
    progress();
    yield piece;
  }
}
