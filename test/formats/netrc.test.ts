import t from 'tap';
import { parseNetrc } from '../../src/formats/netrc.ts';

const loginsIn = (text: string) => Object.fromEntries(parseNetrc(text));

t.test('each machine has a user and a password, on one line or on several', async (t) => {
  t.same(
    loginsIn(
      'machine a.example login me password s#cret\nmachine B.example:8443\n  login "you"\n  password "a \\"b\\""\n',
    ),
    {
      'a.example': { user: 'me', password: 's#cret' },
      'b.example:8443': { user: 'you', password: 'a "b"' },
    },
  );
});

t.test('comments, macros, accounts and what is for any machine say nothing', async (t) => {
  const text = `# machine no.example login x password y
machine a.example # ours
login me account none password #1
macdef init
machine no.example login x password y

machine a.example login other password other
default login any password where
machine token.example password only
`;
  t.same(loginsIn(text), {
    'a.example': { user: 'me', password: '#1' },
    'token.example': { user: '', password: 'only' },
  });
});

t.test('what is no netrc file is refused without quoting it', async (t) => {
  t.throws(() => parseNetrc('machine a.example login me passwort s3cret'), {
    code: 'nonsense',
    message: /^(?!.*s3cret)/,
  });
  t.throws(() => parseNetrc('s3cret'), { code: 'nonsense', message: /^(?!.*s3cret)/ });
  t.same(loginsIn(''), {});
});
