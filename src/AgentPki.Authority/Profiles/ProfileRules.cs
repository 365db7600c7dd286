using AgentPki.X509.Extensions;

namespace AgentPki.Authority.Profiles;

/// <summary>What must hold between the fields of one profile.</summary>
internal static class ProfileRules
{
    public static void Check(CertificateProfile profile, ProfileNode node)
    {
        if (profile.Backdate >= profile.Validity)
        {
            node.Fail("backdate", "is not shorter than the validity");
        }

        if (profile.RenewalWindow is { } window && window > profile.Validity)
        {
            node.Fail("renewal", "the window is longer than the validity");
        }

        // RFC 9608 §1 means certificates that end before a revocation would be heard of.
        if (profile.Status.NoRevocationAvailable && profile.Validity > TimeSpan.FromHours(24))
        {
            node.Fail("status", "noRevocationAvailable is for certificates of at most 24 hours");
        }

        if (profile.Signature is { } signature && profile.KeyUsage.HasFlag(KeyUsages.KeyAgreement) && profile.KeyAlgorithms.All(k => k.Family == Cryptography.AlgorithmFamily.Rsa))
        {
            node.Fail("keyUsage", $"RSA keys make no key agreement ({signature})");
        }

        CheckSubject(profile, node);
        if (profile.Use != ProfileUse.Agent)
        {
            CheckAppliance(profile, node);
        }
    }

    private static void CheckSubject(CertificateProfile profile, ProfileNode node)
    {
        var (source, template, _) = profile.Subject;
        if ((source == SubjectSource.Template) != (template is not null))
        {
            node.Fail("subject", "a template belongs to from: template, and nowhere else");
        }

        if (template is not null && SubjectTemplate.TryMake(template, "x") is null)
        {
            node.Fail("subject", $"'{template}' is no name (RFC 4514), for example CN={{cn}},O=Example");
        }
    }

    private static void CheckAppliance(CertificateProfile profile, ProfileNode node)
    {
        if (profile.IsDefault || !profile.Labels.IsEmpty)
        {
            node.Fail("use", $"{profile.Use} is the appliance's own: no label, not the default");
        }

        if (profile.Authentication is not { Credential: false, Certificate: CertificateAuthentication.None, Stranger: false })
        {
            node.Fail("authentication", $"{profile.Use} is the appliance's own: nobody may ask for it");
        }
    }
}
