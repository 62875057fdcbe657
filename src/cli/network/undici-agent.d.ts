/** Only undici's agents: without fetch, WebSocket and the rest the bundle is half as large and starts faster. */
declare module 'undici/lib/dispatcher/agent.js' {
  export { Agent as default } from 'undici';
}
declare module 'undici/lib/dispatcher/env-http-proxy-agent.js' {
  export { EnvHttpProxyAgent as default } from 'undici';
}
declare module 'undici/lib/dispatcher/dispatcher.js' {
  export { Dispatcher as default } from 'undici';
}
declare module 'undici/lib/api/api-connect.js' {
  import type { Dispatcher } from 'undici';

  const connect: Dispatcher['connect'];
  export default connect;
}
declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici';
}
declare module 'undici/lib/core/socks5-client.js' {
  import type { EventEmitter } from 'node:events';
  import type { Socket } from 'node:net';

  class Socks5Client extends EventEmitter {
    constructor(socket: Socket, login: { readonly username: string; readonly password: string });
    handshake(): void;
    connect(host: string, port: number): void;
  }
  const socks5: { readonly Socks5Client: typeof Socks5Client };
  export default socks5;
}
