/**
 * Stands in for the package that tells tap of which test an error is that nobody catches. That one follows each
 * promise, which takes a fifth of the time of the tests. Here tests run one after the other: the error is that of the
 * last one that began.
 */
const domains = new Set();

/**
 * Calls `onerror` with errors that nobody catches, until it is destroyed, or while there is one that was made later.
 */
export class Domain {
  constructor(onerror) {
    this.onerror = onerror;
    if (domains.size === 0) process.on('uncaughtException', tell);
    domains.add(this);
  }

  destroy() {
    domains.delete(this);
    if (domains.size === 0) process.off('uncaughtException', tell);
  }
}

function tell(error, origin) {
  [...domains].at(-1)?.onerror(error, origin);
}
