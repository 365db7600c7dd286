using System.Collections.Immutable;
using AgentPki.X509;
using AgentPki.X509.Extensions;

namespace AgentPki.Authority.Profiles;

/// <summary>The words of a profile for key usages and key purposes.</summary>
internal static class ProfileUsages
{
    private static readonly (string Word, KeyUsages Usage)[] Usages =
    [
        ("digitalSignature", KeyUsages.DigitalSignature),
        ("contentCommitment", KeyUsages.NonRepudiation),
        ("keyEncipherment", KeyUsages.KeyEncipherment),
        ("dataEncipherment", KeyUsages.DataEncipherment),
        ("keyAgreement", KeyUsages.KeyAgreement),
    ];

    private static readonly (string Word, string Oid)[] Purposes =
    [
        ("serverAuth", Oids.ServerAuth),
        ("clientAuth", Oids.ClientAuth),
        ("codeSigning", Oids.CodeSigning),
        ("emailProtection", Oids.EmailProtection),
        ("timeStamping", Oids.TimeStamping),
        ("ocspSigning", Oids.OcspSigning),
        ("cmcRa", Oids.CmcRa),
        ("cmcCa", Oids.CmcCa),
        ("revocationFeed", Oids.RevocationFeed),
        ("accessTokens", Oids.AccessTokens),
    ];

    /// <summary>keyCertSign and cRLSign are no words here: no profile makes a CA.</summary>
    public static KeyUsages ReadKeyUsage(ProfileNode node)
    {
        var usage = default(KeyUsages);
        foreach (var word in node.Texts("keyUsage"))
        {
            var found = Array.Find(Usages, u => u.Word == word);
            if (found.Word is null)
            {
                node.Fail("keyUsage", $"'{word}' is unknown; known: {string.Join(", ", Usages.Select(u => u.Word))}");
            }

            usage |= found.Usage;
        }

        if (usage == default)
        {
            node.Fail("keyUsage", "at least one usage is wanted (RFC 5280 §4.2.1.3)");
        }

        return usage;
    }

    public static ImmutableArray<string> ReadExtendedKeyUsage(ProfileNode node)
    {
        var purposes = ImmutableArray.CreateBuilder<string>();
        foreach (var word in node.Texts("extendedKeyUsage"))
        {
            var oid = Array.Find(Purposes, p => p.Word == word).Oid ?? (IsOid(word) ? word : null);
            if (oid is null or Oids.AnyExtendedKeyUsage)
            {
                node.Fail("extendedKeyUsage", $"'{word}' is unknown; known: {string.Join(", ", Purposes.Select(p => p.Word))}, or an object identifier other than anyExtendedKeyUsage");
                continue;
            }

            purposes.Add(oid);
        }

        return purposes.ToImmutable();
    }

    /// <summary>A dotted OBJECT IDENTIFIER whose every component lies below 2^31, which some parsers need.</summary>
    public static bool IsOid(string text)
    {
        var parts = text.Split('.');
        return parts.Length is >= 2 and <= 32
            && parts.All(p => p.Length > 0 && (p.Length == 1 || p[0] != '0') && p.All(char.IsAsciiDigit) && int.TryParse(p, out _))
            && int.Parse(parts[0]) is var first && first <= 2 && (first == 2 || int.Parse(parts[1]) < 40);
    }
}
