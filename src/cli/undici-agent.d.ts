/** undici's Agent alone: without fetch, WebSocket and the rest the bundle is half as large and starts sooner. */
declare module 'undici/lib/dispatcher/agent.js' {
  export { Agent as default } from 'undici';
}
