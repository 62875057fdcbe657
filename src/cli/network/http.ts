/**
 * The HTTP client, undici. It is a bundle of its own, because what only reads the mirror does not need it. No error of
 * ours is thrown here: the program would not recognize the classes of another bundle.
 */
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { openDispatcher } from './open-dispatcher.ts';
