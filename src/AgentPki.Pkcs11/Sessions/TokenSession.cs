using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Native;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// A session as an operation sees it, for the length of one call on the thread that owns it.
/// </summary>
/// <remarks>
/// Two threads in one session kill the process on some tokens, without an exception. A <c>ref struct</c> cannot be kept in a field, captured by a
/// lambda or carried over an <c>await</c>: an operation has no way to take a session to another thread.
/// </remarks>
internal readonly ref struct TokenSession(TokenModule module, ulong handle, long epoch)
{
    private const int LongestWrappedKey = 16 * 1024;

    private readonly Pkcs11Library _library = module.Library;

    /// <summary>Object handles found in another epoch mean nothing here.</summary>
    public long Epoch => epoch;

    /// <summary>C_SignInit and C_Sign, or C_SignUpdate in pieces where the token limits an input.</summary>
    /// <param name="size">The signature's length as the token gives it; some modules refuse a buffer of any other.</param>
    public byte[] Sign(MechanismUse use, ulong key, byte[] input, int size, string keyName)
    {
        var mechanism = use.Native;
        Check(_library.C_SignInit(handle, ref mechanism, key), "C_SignInit", use.Mechanism, keyName);
        if (use.MaxInput > 0 && input.Length > use.MaxInput)
        {
            return SignInPieces(use, input, size, keyName);
        }

        var buffer = new byte[size];
        var length = (ulong)buffer.Length;
        var code = _library.C_Sign(handle, input, (ulong)input.Length, buffer, ref length);
        if (code == CKR.CKR_BUFFER_TOO_SMALL)
        {
            // PKCS#11 v2.40 §5.2: the operation stays active and the length is told.
            buffer = new byte[length];
            code = _library.C_Sign(handle, input, (ulong)input.Length, buffer, ref length);
        }

        Check(code, "C_Sign", use.Mechanism, keyName);
        return use.Finish(buffer, (int)length);
    }

    /// <summary>C_SignInit alone: whether the key could sign, without a signature. The operation ends with the session, which the caller gives up.</summary>
    public void CheckUsable(MechanismUse use, ulong key, string keyName)
    {
        var mechanism = use.Native;
        Check(_library.C_SignInit(handle, ref mechanism, key), "C_SignInit", use.Mechanism, keyName);
    }

    public List<ulong> Find(AttributeTemplate template)
    {
        using var native = template.ToNative();
        Check(_library.C_FindObjectsInit(handle, native.Attributes, native.Count), $"C_FindObjectsInit({template})");
        var found = new List<ulong>();
        try
        {
            var batch = new ulong[64];
            ulong count;
            do
            {
                count = 0;
                Check(_library.C_FindObjects(handle, batch, (ulong)batch.Length, ref count), "C_FindObjects");
                found.AddRange(batch.AsSpan(0, (int)count));
            }
            while (count > 0);
        }
        finally
        {
            _ = _library.C_FindObjectsFinal(handle);
        }

        return found;
    }

    /// <summary>An attribute's value; null when the token does not show it (sensitive, unknown, not of this object).</summary>
    public byte[]? Read(ulong target, CKA attribute)
    {
        var query = new[] { new CK_ATTRIBUTE { type = (ulong)attribute } };
        var code = _library.C_GetAttributeValue(handle, target, query, 1);
        if (IsHidden(code, query[0].valueLen))
        {
            return null;
        }

        Check(code, $"C_GetAttributeValue({attribute})");
        var length = (int)query[0].valueLen;
        query[0].value = Marshal.AllocHGlobal(Math.Max(1, length));
        try
        {
            Check(_library.C_GetAttributeValue(handle, target, query, 1), $"C_GetAttributeValue({attribute})");
            var value = new byte[(int)query[0].valueLen];
            Marshal.Copy(query[0].value, value, 0, value.Length);
            return value;
        }
        finally
        {
            // It may have been a secret.
            Marshal.Copy(new byte[length], 0, query[0].value, length);
            Marshal.FreeHGlobal(query[0].value);
        }
    }

    /// <summary>Whether the token refuses to show an attribute because it is a secret, rather than having none.</summary>
    public bool IsSecret(ulong target, CKA attribute)
    {
        var query = new[] { new CK_ATTRIBUTE { type = (ulong)attribute } };
        return _library.C_GetAttributeValue(handle, target, query, 1) == CKR.CKR_ATTRIBUTE_SENSITIVE;
    }

    /// <summary>A CK_BBOOL; null when the token does not show it.</summary>
    public bool? ReadBool(ulong target, CKA attribute) => Read(target, attribute) is { Length: > 0 } value ? value[0] != 0 : null;

    public (ulong Public, ulong Private) GenerateKeyPair(ulong mechanism, AttributeTemplate publicTemplate, AttributeTemplate privateTemplate)
    {
        using var forPublic = publicTemplate.ToNative();
        using var forPrivate = privateTemplate.ToNative();
        var native = new CK_MECHANISM { Mechanism = mechanism };
        ulong publicKey = 0, privateKey = 0;
        Check(
            _library.C_GenerateKeyPair(handle, ref native, forPublic.Attributes, forPublic.Count, forPrivate.Attributes, forPrivate.Count, ref publicKey, ref privateKey),
            $"C_GenerateKeyPair({CryptokiNames.Mechanism(mechanism)}; public: {publicTemplate}; private: {privateTemplate})");
        return (publicKey, privateKey);
    }

    public ulong GenerateKey(ulong mechanism, AttributeTemplate template)
    {
        using var attributes = template.ToNative();
        var native = new CK_MECHANISM { Mechanism = mechanism };
        ulong key = 0;
        Check(_library.C_GenerateKey(handle, ref native, attributes.Attributes, attributes.Count, ref key), $"C_GenerateKey({CryptokiNames.Mechanism(mechanism)}; {template})");
        return key;
    }

    public byte[] Encrypt(NativeGcm gcm, ulong key, byte[] plaintext)
    {
        var mechanism = gcm.Mechanism;
        Check(_library.C_EncryptInit(handle, ref mechanism, key), "C_EncryptInit", mechanism.Mechanism, "key-wrapping key");
        var output = new byte[plaintext.Length + NativeGcm.TagSize];
        var length = (ulong)output.Length;
        Check(_library.C_Encrypt(handle, plaintext, (ulong)plaintext.Length, output, ref length), "C_Encrypt", mechanism.Mechanism, "key-wrapping key");
        return length == (ulong)output.Length ? output : output[..(int)length];
    }

    /// <returns>The plaintext, in an array that the collector never moves.</returns>
    /// <exception cref="CryptographicException">The token refused the data.</exception>
    public byte[] Decrypt(NativeGcm gcm, ulong key, byte[] ciphertext)
    {
        var mechanism = gcm.Mechanism;
        Check(_library.C_DecryptInit(handle, ref mechanism, key), "C_DecryptInit", mechanism.Mechanism, "key-wrapping key");
        // Some tokens want room for the tag as well before they look at it.
        var output = PinnedMemory.NewArray(ciphertext.Length);
        var length = (ulong)output.Length;
        var code = _library.C_Decrypt(handle, ciphertext, (ulong)ciphertext.Length, output, ref length);
        try
        {
            Check(code, "C_Decrypt", mechanism.Mechanism, "key-wrapping key");
            var plaintext = PinnedMemory.NewArray((int)length);
            output.AsSpan(0, plaintext.Length).CopyTo(plaintext);
            return plaintext;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(output);
        }
    }

    /// <summary>C_DecapsulateKey; the secret is read out of the session object that it makes, which is destroyed at once.</summary>
    /// <exception cref="NotSupportedException">The module is older than PKCS#11 v3.2.</exception>
    public byte[] Decapsulate(ulong mechanism, ulong key, byte[] ciphertext, string keyName)
    {
        using var template = KeyPolicy.SharedSecret.ToNative();
        var native = new CK_MECHANISM { Mechanism = mechanism };
        return TakeSecret(Version32.DecapsulateKey(handle, native, key, template.Attributes, ciphertext, $"{CryptokiNames.Mechanism(mechanism)}, {keyName}; {KeyPolicy.SharedSecret}"));
    }

    /// <summary>C_EncapsulateKey; the secret is read out as by <see cref="Decapsulate"/>.</summary>
    /// <param name="size">The ciphertext's length.</param>
    /// <exception cref="NotSupportedException">The module is older than PKCS#11 v3.2.</exception>
    public KeyEncapsulation Encapsulate(ulong mechanism, ulong publicKey, int size, string keyName)
    {
        using var template = KeyPolicy.SharedSecret.ToNative();
        var native = new CK_MECHANISM { Mechanism = mechanism };
        var (ciphertext, secret) = Version32.EncapsulateKey(handle, native, publicKey, template.Attributes, size, $"{CryptokiNames.Mechanism(mechanism)}, {keyName}; {KeyPolicy.SharedSecret}");
        return new(ciphertext, TakeSecret(secret));
    }

    /// <summary>C_DeriveKey with ECDH; the secret is read out as by <see cref="Decapsulate"/>.</summary>
    /// <param name="size">Octets of the curve's field: tokens have been seen to leave out leading zeros.</param>
    public byte[] Agree(NativeEcdh ecdh, ulong key, int size, string keyName)
    {
        var mechanism = ecdh.Mechanism;
        using var template = KeyPolicy.SharedSecret.With(CKA.CKA_VALUE_LEN, (ulong)size).ToNative();
        ulong made = 0;
        Check(_library.C_DeriveKey(handle, ref mechanism, key, template.Attributes, template.Count, ref made), $"C_DeriveKey({CryptokiNames.Mechanism(mechanism.Mechanism)}, {keyName}; {KeyPolicy.SharedSecret})");
        var secret = TakeSecret(made);
        if (secret.Length >= size)
        {
            return secret;
        }

        var padded = PinnedMemory.NewArray(size);
        secret.CopyTo(padded, size - secret.Length);
        CryptographicOperations.ZeroMemory(secret);
        return padded;
    }

    /// <summary>C_WrapKey.</summary>
    public byte[] WrapKey(CK_MECHANISM mechanism, ulong wrappingKey, ulong key, string keyName)
    {
        var call = $"C_WrapKey({CryptokiNames.Mechanism(mechanism.Mechanism)}, {keyName})";
        // Room enough for every kind of key: some tokens, asked for the length, forget the padding.
        var wrapped = new byte[LongestWrappedKey];
        var length = (ulong)wrapped.Length;
        Check(_library.C_WrapKey(handle, ref mechanism, wrappingKey, key, wrapped, ref length), call);
        return wrapped[..(int)length];
    }

    /// <summary>C_UnwrapKey.</summary>
    public ulong UnwrapKey(CK_MECHANISM mechanism, ulong unwrappingKey, byte[] wrapped, AttributeTemplate template, string keyName)
    {
        using var native = template.ToNative();
        ulong made = 0;
        Check(
            _library.C_UnwrapKey(handle, ref mechanism, unwrappingKey, wrapped, (ulong)wrapped.Length, native.Attributes, native.Count, ref made),
            $"C_UnwrapKey({CryptokiNames.Mechanism(mechanism.Mechanism)}, {keyName}; {template})");
        return made;
    }

    public ulong Create(AttributeTemplate template)
    {
        using var native = template.ToNative();
        ulong made = 0;
        Check(_library.C_CreateObject(handle, native.Attributes, native.Count, ref made), $"C_CreateObject({template})");
        return made;
    }

    public void Destroy(ulong target) => Check(_library.C_DestroyObject(handle, target), "C_DestroyObject");

    private Cryptoki32 Version32 => module.Version32 ?? throw new NotSupportedException("The token's module has neither C_EncapsulateKey nor C_DecapsulateKey: ML-KEM needs one of PKCS#11 3.2.");

    private byte[] TakeSecret(ulong secret)
    {
        try
        {
            return Read(secret, CKA.CKA_VALUE) ?? throw new NotSupportedException("The token made a shared secret that it does not give out (CKA_SENSITIVE or CKA_EXTRACTABLE, against the template): it cannot be used outside.");
        }
        finally
        {
            Destroy(secret);
        }
    }

    private byte[] SignInPieces(MechanismUse use, byte[] input, int size, string keyName)
    {
        for (var offset = 0; offset < input.Length; offset += use.MaxInput)
        {
            var piece = input.AsSpan(offset, Math.Min(use.MaxInput, input.Length - offset)).ToArray();
            Check(_library.C_SignUpdate(handle, piece, (ulong)piece.Length), "C_SignUpdate", use.Mechanism, keyName);
        }

        var buffer = new byte[size];
        var length = (ulong)buffer.Length;
        var code = _library.C_SignFinal(handle, buffer, ref length);
        if (code == CKR.CKR_BUFFER_TOO_SMALL)
        {
            buffer = new byte[length];
            code = _library.C_SignFinal(handle, buffer, ref length);
        }

        Check(code, "C_SignFinal", use.Mechanism, keyName);
        return use.Finish(buffer, (int)length);
    }

    private static bool IsHidden(CKR code, ulong length) =>
        code is CKR.CKR_ATTRIBUTE_SENSITIVE or CKR.CKR_ATTRIBUTE_TYPE_INVALID || (code == CKR.CKR_OK && length == ulong.MaxValue);

    private static void Check(CKR code, string call, ulong mechanism, string keyName)
    {
        if (code != CKR.CKR_OK)
        {
            throw new TokenCallException($"{call}({CryptokiNames.Mechanism(mechanism)}, {keyName})", (ulong)code);
        }
    }

    private static void Check(CKR code, string call)
    {
        if (code != CKR.CKR_OK)
        {
            throw new TokenCallException(call, (ulong)code);
        }
    }
}
