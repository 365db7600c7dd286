using System.Text;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>What leaves a token of one key.</summary>
internal sealed record WrappedPair(byte[] Key, byte[] PassingKey);

/// <summary>Wraps a private key under an AES key of this session, and that under another token's RSA key; the session's objects are destroyed.</summary>
internal sealed class ExportKeyOperation(TokenObject key, string label, PublicKey transportKey, KeyUse rsa, TokenBackupWrapping how, TimeSpan deadline)
    : TokenOperation<WrappedPair>("export key", deadline)
{
    private const ulong KeyOctets = 32;

    public override void ForgetHandles() => key.Forget();

    protected override WrappedPair Execute(TokenSession session)
    {
        var handle = key.Resolve(session);
        if (!KeyNaming.TryParse(Encoding.UTF8.GetString(session.Read(handle, CKA.CKA_LABEL) ?? []), out _, out _, out var backup) || backup != KeyBackup.Wrapped)
        {
            throw new InvalidOperationException($"The key '{label}' does not leave its token: when it was made, its backup was decided to be '{backup.ToText()}'.");
        }

        var passing = session.GenerateKey((ulong)CKM.CKM_AES_KEY_GEN, KeyPolicy.PassingKey.With(CKA.CKA_VALUE_LEN, KeyOctets).With(CKA.CKA_EXTRACTABLE, true).With(CKA.CKA_WRAP, true));
        try
        {
            var transport = session.Create(PublicKeyTemplate.Of(transportKey, rsa).With(CKA.CKA_TOKEN, false).With(CKA.CKA_PRIVATE, false).With(CKA.CKA_WRAP, true));
            try
            {
                using var oaep = new NativeOaep(how);
                return new(session.WrapKey(new() { Mechanism = how.Mechanism }, passing, handle, key.Name), session.WrapKey(oaep.Mechanism, transport, passing, "the key of this backup"));
            }
            finally
            {
                session.Destroy(transport);
            }
        }
        finally
        {
            session.Destroy(passing);
        }
    }
}
