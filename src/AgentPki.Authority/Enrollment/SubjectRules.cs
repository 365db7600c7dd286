using AgentPki.Authority.Profiles;
using AgentPki.X509;
using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Enrollment;

/// <summary>The subject name of a first certificate (RFC 5280 §4.1.2.6), as the profile says.</summary>
internal static class SubjectRules
{
    /// <summary>The name, or null with what was wrong with the request.</summary>
    public static X500Name? Decide(X500Name requested, SubjectRule rule, out string? error)
    {
        error = Check(requested, rule);
        if (error is not null)
        {
            return null;
        }

        switch (rule.Source)
        {
            case SubjectSource.Empty:
                return X500Name.Empty;
            case SubjectSource.Template when requested.CommonName is not { } commonName:
                error = $"the request carries no common name, from which this profile makes the subject ({rule.Template})";
                return null;
            case SubjectSource.Template:
                var made = SubjectTemplate.TryMake(rule.Template ?? "", requested.CommonName ?? "");
                error = made is null ? $"the common name makes no valid subject ({rule.Template})" : null;
                return made;
            default:
                return requested;
        }
    }

    private static string? Check(X500Name requested, SubjectRule rule)
    {
        if (requested.HasControlCharacters)
        {
            return "the subject carries control or invisible characters";
        }

        // The agent is named after the common name: two would let a person read one and the appliance another.
        if (requested.Rdns.Sum(rdn => rdn.Count(attribute => attribute.Oid == Oids.CommonName)) > 1)
        {
            return "the subject has more than one common name";
        }

        foreach (var rdn in requested.Rdns)
        {
            if (rdn.Count != 1)
            {
                return "the subject has a relative distinguished name of several attributes";
            }

            if (rule.Source == SubjectSource.Request && Check(rdn[0], rule) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    private static string? Check(NameAttribute attribute, SubjectRule rule)
    {
        if (!rule.AllowedAttributes.Contains(attribute.Oid))
        {
            return $"the subject has an attribute {attribute.Oid} that this profile does not allow";
        }

        // RFC 5280 §4.1.2.4: new certificates use PrintableString and UTF8String (and IA5String where an attribute is defined so).
        if (attribute.Tag is not (DerTag.PrintableString or DerTag.Utf8String) && attribute.Tag != NameSyntax.StringType(attribute.Oid))
        {
            return $"the subject's attribute {attribute.Oid} is neither PrintableString nor UTF8String";
        }

        if (attribute.Tag != DerTag.PrintableString && NameSyntax.StringType(attribute.Oid) == DerTag.PrintableString)
        {
            return $"the subject's attribute {attribute.Oid} must be a PrintableString (RFC 5280 appendix A.1)";
        }

        return attribute.Value.Length == 0 || attribute.Value.Length > NameSyntax.UpperBound(attribute.Oid)
            ? $"the subject's attribute {attribute.Oid} has 1 to {NameSyntax.UpperBound(attribute.Oid)} characters"
            : null;
    }
}
