using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Sessions;

namespace AgentPki.Pkcs11;

/// <summary>
/// AES-256-GCM under a key that cannot leave its token. The IV is random, 96 bits (NIST SP 800-38D §8.2.2): a wrapping key may protect 2^32 secrets,
/// and protects a handful.
/// </summary>
public sealed class Pkcs11KeyWrapper : IKeyWrapper
{
    private readonly TokenPool _pool;
    private readonly TokenObject _key;
    private readonly ulong _mechanism;

    internal Pkcs11KeyWrapper(TokenPool pool, TokenObject key, ulong mechanism)
    {
        (_pool, _key, _mechanism) = (pool, key, mechanism);
        Name = $"token '{pool.Options.TokenLabel}' (serial {pool.Connection?.Token.Serial ?? "unknown"}), {key.Name}";
    }

    public string Name { get; }

    public async ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> plaintext, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        var iv = RandomNumberGenerator.GetBytes(NativeGcm.IvSize);
        var copy = PinnedMemory.NewArray(plaintext.Length);
        try
        {
            plaintext.CopyTo(copy);
            var operation = new GcmOperation(_key, _mechanism, iv, copy, associatedData.ToArray(), encrypt: true, _pool.Options.CallDeadline);
            return [.. iv, .. await _pool.RunAsync(operation, cancellationToken)];
        }
        finally
        {
            // An operation that outlives its deadline may still be reading: what it makes then is nobody's.
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    public async ValueTask<byte[]> UnwrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        if (wrapped.Length < NativeGcm.IvSize + NativeGcm.TagSize)
        {
            throw new CryptographicException("The wrapped secret is cut off.");
        }

        var iv = wrapped[..NativeGcm.IvSize].ToArray();
        var operation = new GcmOperation(_key, _mechanism, iv, wrapped[NativeGcm.IvSize..].ToArray(), associatedData.ToArray(), encrypt: false, _pool.Options.CallDeadline);
        return await _pool.RunAsync(operation, cancellationToken);
    }

    private sealed class GcmOperation(TokenObject key, ulong mechanism, byte[] iv, byte[] input, byte[] associatedData, bool encrypt, TimeSpan deadline)
        : TokenOperation<byte[]>(encrypt ? "wrap" : "unwrap", deadline)
    {
        public override void ForgetHandles() => key.Forget();

        public override void Undo(TokenSession session) => CryptographicOperations.ZeroMemory(Result);

        protected override byte[] Execute(TokenSession session)
        {
            var handle = key.Resolve(session);
            using var gcm = new NativeGcm(mechanism, iv, associatedData);
            if (encrypt)
            {
                return session.Encrypt(gcm, handle, input);
            }

            try
            {
                return session.Decrypt(gcm, handle, input);
            }
            catch (TokenCallException e) when (IsAboutTheData(e))
            {
                throw new CryptographicException($"The wrapped secret was changed, or belongs to another key or purpose ({e.Explanation.Name}).", e);
            }
        }

        /// <summary>Tokens answer a wrong tag with anything from CKR_ENCRYPTED_DATA_INVALID to CKR_GENERAL_ERROR, but only in C_Decrypt itself.</summary>
        private static bool IsAboutTheData(TokenCallException e) =>
            e.Call.StartsWith("C_Decrypt(", StringComparison.Ordinal) && e.Explanation.Code is 0x005 or 0x006 or 0x020 or 0x021 or 0x040 or 0x041 or 0x042 or 0x0C0;
    }
}
