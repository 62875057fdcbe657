import { version as ours } from '../../../package.json';

/** The version of pep381client. */
export const version = ours;
