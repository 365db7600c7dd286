using AgentPki.X509;

namespace AgentPki.Authority.Profiles;

/// <summary>The attribute types a profile can allow in a subject name, with the upper bounds of RFC 5280 appendix A.1.</summary>
internal static class SubjectAttributes
{
    private static readonly (string Word, string Oid, int Maximum)[] Known =
    [
        ("CN", Oids.CommonName, 64),
        ("serialNumber", Oids.SerialNumber, 64),
        ("C", Oids.Country, 2),
        ("L", Oids.Locality, 128),
        ("ST", Oids.StateOrProvince, 128),
        ("O", Oids.Organization, 64),
        ("OU", Oids.OrganizationalUnit, 64),
        ("UID", Oids.UserId, 256),
        ("DC", Oids.DomainComponent, 63),
    ];

    public static IEnumerable<string> Words => Known.Select(k => k.Word);

    public static string? Find(string word) => Array.Find(Known, k => k.Word == word).Oid;

    public static int MaximumLength(string oid) => Array.Find(Known, k => k.Oid == oid).Maximum;
}
