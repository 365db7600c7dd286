using System.Text;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>What opening a key finds; no key at all is an answer, too.</summary>
internal sealed record OpenedKey(PublicKey? PublicKey, KeyPurpose Purpose, KeyBackup Backup);

/// <summary>Finds a key by its label, checks that it never could leave the token, and reads its purpose and public key.</summary>
internal sealed class OpenKeyOperation(TokenObject privateKey, string label, IEnumerable<KeyUse> known, TimeSpan deadline)
    : TokenOperation<OpenedKey>("open", deadline)
{
    protected override OpenedKey Execute(TokenSession session)
    {
        if (privateKey.TryFind(session) is not { } key)
        {
            return new(null, default, default);
        }

        var tokenLabel = Encoding.UTF8.GetString(session.Read(key, CKA.CKA_LABEL) ?? []);
        if (!KeyNaming.TryParse(tokenLabel, out _, out var purpose, out var backup))
        {
            throw new InvalidOperationException($"The key '{label}' carries no purpose this build knows in its CKA_LABEL ('{tokenLabel}'); it was not made by this appliance.");
        }

        KeyPolicy.Check(session, key, privateKey.Name, backup);
        // Some tokens keep no public key object; their private key shows the public part.
        var publicKey = new TokenObject(CKO.CKO_PUBLIC_KEY, KeyNaming.Id(label), $"public key '{label}'").TryFind(session) ?? key;
        return new(PublicKeyReader.Read(session, publicKey, known, $"'{label}'"), purpose, backup);
    }
}
