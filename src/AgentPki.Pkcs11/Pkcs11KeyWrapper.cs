using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace AgentPki.Pkcs11;

/// <summary>AES-256-GCM (PKCS#11 v2.40 §2.12.2) under a non-extractable key of the token.</summary>
public sealed class Pkcs11KeyWrapper : IKeyWrapper
{
    private const int IvLength = 12, TagLength = 16;
    private const string Tag = "wrap/";

    private readonly TokenPool _pool;
    private readonly string _tokenLabel;

    private Pkcs11KeyWrapper(TokenPool pool, string tokenLabel) => (_pool, _tokenLabel) = (pool, tokenLabel);

    public async ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> plaintext, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        var iv = RandomNumberGenerator.GetBytes(IvLength);
        var (plain, aad) = (plaintext.ToArray(), associatedData.ToArray());
        try
        {
            var encrypted = await _pool.RunAsync("C_Encrypt(CKM_AES_GCM)", s => Crypt(s, iv, aad, (session, m, k) => session.Encrypt(m, k, plain)), cancellationToken);
            return [.. iv, .. encrypted];
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    public async ValueTask<byte[]> UnwrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken)
    {
        if (wrapped.Length < IvLength + TagLength)
        {
            throw new CryptographicException("The wrapped secret is too short to be one.");
        }

        var (iv, aad, encrypted) = (wrapped[..IvLength].ToArray(), associatedData.ToArray(), wrapped[IvLength..].ToArray());
        return await _pool.RunAsync("C_Decrypt(CKM_AES_GCM)", s => Crypt(s, iv, aad, (session, m, k) => Decrypt(session, m, k, encrypted)), cancellationToken);
    }

    internal static async ValueTask<Pkcs11KeyWrapper> OpenAsync(TokenPool pool, TokenDescription token, string label, CancellationToken cancellationToken)
    {
        if (!token.HasGcm)
        {
            throw new NotSupportedException($"Tokens of kind '{token.Name}' have no CKM_AES_GCM to wrap secrets with.");
        }

        var tokenLabel = Tag + label;
        await pool.RunAsync("C_GenerateKey(CKM_AES_KEY_GEN, 256 bits, sensitive, not extractable)", s => FindOrGenerate(s, tokenLabel), cancellationToken);
        return new(pool, tokenLabel);
    }

    // A wrong tag is CKR_ENCRYPTED_DATA_INVALID by the standard and CKR_GENERAL_ERROR on some tokens: either way it says something of the data, not of the token.
    private static byte[] Decrypt(ISession session, IMechanism mechanism, IObjectHandle key, byte[] encrypted)
    {
        try
        {
            return session.Decrypt(mechanism, key, encrypted);
        }
        catch (Pkcs11Exception e) when (e.RV is CKR.CKR_GENERAL_ERROR or CKR.CKR_ENCRYPTED_DATA_INVALID or CKR.CKR_ENCRYPTED_DATA_LEN_RANGE or CKR.CKR_FUNCTION_FAILED or CKR.CKR_DATA_INVALID)
        {
            throw new CryptographicException(CkrExplanation.Explain("C_Decrypt(CKM_AES_GCM)", CKR.CKR_ENCRYPTED_DATA_INVALID), e);
        }
    }

    private byte[] Crypt(TokenSession session, byte[] iv, byte[] aad, Func<ISession, IMechanism, IObjectHandle, byte[]> call)
    {
        var key = session.Find(CKO.CKO_SECRET_KEY, _tokenLabel)
            ?? throw new KeyUnavailableException($"The token no longer holds the wrapping key '{_tokenLabel}'. Restore the token from its backup.", TimeSpan.FromSeconds(30));
        var parameters = TokenModule.Factories.MechanismParamsFactory.CreateCkGcmParams(iv, IvLength * 8, aad, TagLength * 8);
        using var mechanism = TokenModule.Factories.MechanismFactory.Create(CKM.CKM_AES_GCM, parameters);
        return call(session.Raw, mechanism, key);
    }

    private static bool FindOrGenerate(TokenSession session, string tokenLabel)
    {
        if (session.Find(CKO.CKO_SECRET_KEY, tokenLabel) is not null)
        {
            return false;
        }

        var a = TokenModule.Factories.ObjectAttributeFactory;
        using var mechanism = TokenModule.Factories.MechanismFactory.Create(CKM.CKM_AES_KEY_GEN);
        session.Raw.GenerateKey(
            mechanism,
            [
                a.Create(CKA.CKA_TOKEN, true), a.Create(CKA.CKA_PRIVATE, true), a.Create(CKA.CKA_LABEL, tokenLabel), a.Create(CKA.CKA_VALUE_LEN, 32UL),
                a.Create(CKA.CKA_SENSITIVE, true), a.Create(CKA.CKA_EXTRACTABLE, false), a.Create(CKA.CKA_ENCRYPT, true), a.Create(CKA.CKA_DECRYPT, true),
            ]);
        return true;
    }
}
