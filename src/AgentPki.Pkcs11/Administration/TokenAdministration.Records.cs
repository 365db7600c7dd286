using System.Security.Cryptography;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Native;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Administration;

// What a ceremony writes down of tokens and keys, and a key's end.
public sealed partial class TokenAdministration
{
    /// <summary>The token as it describes itself now.</summary>
    /// <exception cref="TokenCallException">The module refused.</exception>
    /// <exception cref="InvalidOperationException">There is no such token.</exception>
    public static TokenRecord Describe(Pkcs11Options options) => With(options, a => a.Describe(a.Find()));

    /// <summary>A key's attributes as the token reports them; null when there is no key of that label.</summary>
    /// <exception cref="TokenCallException">The token refused, the PIN perhaps.</exception>
    /// <exception cref="InvalidOperationException">There is no such token, or several keys of that label.</exception>
    public static KeyRecord? DescribeKey(Pkcs11Options options, string label)
    {
        KeyNaming.Validate(label);
        return With(options, a => a.LoggedIn(session => KeyRecords.Read(session, label, options.Token)));
    }

    /// <summary>Destroys a key pair for good and looks that it is gone. There is no way back but a backup.</summary>
    /// <param name="publicKeySha256">SHA-256 of the key's SubjectPublicKeyInfo in hexadecimal: what whoever decides has before his eyes.</param>
    /// <exception cref="InvalidOperationException">No such key, or another one; nothing was changed.</exception>
    /// <exception cref="TokenCallException">The token refused.</exception>
    public static void DestroyKey(Pkcs11Options options, string label, string publicKeySha256)
    {
        KeyNaming.Validate(label);
        With(options, a => a.LoggedIn(session => Destroy(session, label, publicKeySha256, options.Token)));
    }

    private static bool Destroy(TokenSession session, string label, string publicKeySha256, TokenDescription token)
    {
        var privateKey = new TokenObject(CKO.CKO_PRIVATE_KEY, KeyNaming.Id(label), $"private key '{label}'");
        var publicKey = new TokenObject(CKO.CKO_PUBLIC_KEY, KeyNaming.Id(label), $"public key '{label}'");
        var handle = privateKey.TryFind(session) ?? throw new InvalidOperationException($"The token holds no private key '{label}'; nothing was changed.");
        var shown = publicKey.TryFind(session);
        var actual = Convert.ToHexStringLower(SHA256.HashData(PublicKeyReader.Read(session, shown ?? handle, token.Keys.Values, $"'{label}'").SubjectPublicKeyInfo.Span));
        if (!string.Equals(actual, publicKeySha256, StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException($"The key '{label}' has the SHA-256 {actual}, not {publicKeySha256}: nothing was destroyed. Look again which key is meant.");
        }

        session.Destroy(handle);
        if (shown is { } other)
        {
            session.Destroy(other);
        }

        return privateKey.IsThere(session) || publicKey.IsThere(session)
            ? throw new InvalidOperationException($"The token says that it destroyed the key '{label}', but still shows it. Look at it with the token's own tool.")
            : true;
    }

    private TokenRecord Describe(TokenInformation token)
    {
        var (cryptoki, library) = LibraryInformation();
        return new(
            token.Label,
            token.Serial,
            token.Manufacturer,
            token.Model,
            token.Hardware,
            token.Firmware,
            cryptoki,
            Cryptoki32.Interfaces(Path.GetFullPath(_options.ModulePath)),
            library,
            TokenInformation.FlagNames(token.Flags),
            Mechanisms(token));
    }
}
