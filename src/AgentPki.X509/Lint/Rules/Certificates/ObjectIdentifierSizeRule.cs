using AgentPki.X509.Certificates;

namespace AgentPki.X509.Lint.Rules.Certificates;

/// <summary>Components of object identifiers stay below 2^31: Go's parser refuses the whole certificate otherwise.</summary>
internal sealed class ObjectIdentifierSizeRule() : CertificateRule("object_identifier_size", LintSeverity.Error, "X.690 §8.19, practice")
{
    public override string? Check(TbsFields certificate, LintContext context)
    {
        foreach (var extension in certificate.Extensions)
        {
            if (IsLarge(extension.Oid))
            {
                return $"A component of extension type {extension.Oid} is 2^31 or more.";
            }
        }

        foreach (var oid in certificate.ExtendedKeyUsages ?? [])
        {
            if (IsLarge(oid))
            {
                return $"A component of key purpose {oid} is 2^31 or more.";
            }
        }

        foreach (var oid in certificate.CertificatePolicies ?? [])
        {
            if (IsLarge(oid))
            {
                return $"A component of policy {oid} is 2^31 or more.";
            }
        }

        return null;
    }

    private static bool IsLarge(string oid)
    {
        // Ten digits are the first that can reach 2^31; nothing known has them.
        if (oid.Length < 12)
        {
            return false;
        }

        foreach (var part in oid.AsSpan().Split('.'))
        {
            if (!int.TryParse(oid.AsSpan(part), out _))
            {
                return true;
            }
        }

        return false;
    }
}
