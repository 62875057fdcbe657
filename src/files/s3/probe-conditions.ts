/**
 * Finds out how a store takes the conditions of a PUT. Some want the ETag in quotes, some without them, some answer
 * 501, and some take no notice of the condition, which is worst: two owners would both believe that they won.
 */
import { StorageError } from '../../core/errors.ts';
import type { Bucket, Condition } from './bucket.ts';
import type { EtagForm } from './s3-bucket.ts';

const headers = { contentType: 'text/plain' };
const forms = ['quoted', 'unquoted'] as const;

/**
 * Returns the form of ETags that the store of `open` understands. It tries with the small object `key`, which nobody
 * else may use, and removes it. Throws StorageError if the store keeps no conditions.
 */
export async function probeConditions(
  open: (form: EtagForm) => Pick<Bucket, 'put' | 'remove' | 'where'>,
  key: string,
): Promise<EtagForm> {
  const bucket = open('quoted');
  const { where } = bucket;
  const put = async (form: EtagForm, text: string, condition: Condition): Promise<string | undefined> => {
    try {
      return await open(form).put(key, Buffer.from(text), headers, condition);
    } catch (cause) {
      if (!(cause instanceof StorageError)) throw cause;
      throw new StorageError(`${cause.message}; ${need}`, { cause });
    }
  };
  const need =
    'a lease needs a store that keeps If-None-Match and If-Match of PUT; lease = false in [storage] does without: ' +
    'then no other machine may ever publish into this bucket';
  await bucket.remove([key]);
  try {
    const first = await put('quoted', '1', { ifAbsent: true });
    if (first === undefined || (await put('quoted', '2', { ifAbsent: true })) !== undefined)
      throw new StorageError(`${where}: If-None-Match is not kept: the same object could be put twice; ${need}`);
    for (const form of forms) {
      const second = await put(form, '3', { ifMatch: first });
      if (second === undefined) continue;
      // The object has another ETag by now.
      if ((await put(form, '4', { ifMatch: first })) === undefined) return form;
      throw new StorageError(`${where}: If-Match is not kept: an object was put in place of another one; ${need}`);
    }
    throw new StorageError(`${where}: If-Match never holds, with the ETag in quotes nor without; ${need}`);
  } finally {
    await bucket.remove([key]);
  }
}
