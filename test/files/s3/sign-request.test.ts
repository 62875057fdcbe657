import t from 'tap';
import { encodePath, signRequest } from '../../../src/files/s3/sign-request.ts';

t.test('the examples in the documentation of AWS have their signatures', async (t) => {
  const examples = [
    {
      ...{ path: '/test.txt', query: {}, headers: { range: 'bytes=0-9' } },
      signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    },
    {
      ...{ path: '/', query: { lifecycle: '' }, headers: {} },
      signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    },
    {
      ...{ path: '/', query: { prefix: 'J', 'max-keys': '2' }, headers: {} },
      signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    },
  ] as const;
  const credentials = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  for (const { signature, ...request } of examples) {
    const unsigned = { ...request, method: 'GET', host: 'examplebucket.s3.amazonaws.com', body: undefined };
    const { authorization } = signRequest(unsigned, credentials, 'us-east-1', Date.UTC(2013, 4, 24));
    t.ok(authorization?.endsWith(`, Signature=${signature}`), request.path);
  }
});

t.test('a key is encoded byte by byte, but for its slashes', async (t) => {
  t.equal(encodePath("a b/c+d%/é!'()*~.txt"), 'a%20b/c%2Bd%25/%C3%A9%21%27%28%29%2A~.txt');
});
