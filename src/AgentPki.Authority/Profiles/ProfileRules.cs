using AgentPki.Cryptography;
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

        foreach (var key in profile.Keys.SelectMany(k => k.Alternative is { } alternative ? [k.Key, alternative] : new[] { k.Key }).Distinct().Where(k => (profile.KeyUsage & ~ServedBy(k)) != 0))
        {
            node.Fail("keyUsage", $"a {key} key is not for {profile.KeyUsage & ~ServedBy(key)}; use one profile per kind of key");
        }

        if (profile.ServerKeyGeneration && profile.KeyAlgorithms.IsEmpty)
        {
            node.Fail("serverKeyGeneration", "the appliance makes one key, not a pair: name a single kind of key too, or leave serverKeyGeneration out");
        }

        // RFC 9763 §3.2: the proof is fresh or it is none.
        if (profile.RelatedCertificates && profile.Authentication.Approval != ApprovalRule.None)
        {
            node.Fail("relatedCertificates", "not together with an approval: a person takes longer than the proof of the related certificate's key is good for");
        }

        // The key is made for the workload at the moment when it asks: nobody would come back for it.
        if (profile.Authentication is { Workload: true, Approval: not ApprovalRule.None })
        {
            node.Fail("authentication", "workload: not together with an approval: a workload waits for nobody");
        }

        if (profile.Authentication.Workload && !profile.KeyAlgorithms.Any(k => k.CanSign))
        {
            node.Fail("keys", "a workload proves who it is with its key: at least one single kind of key that signs is wanted");
        }

        if (profile.ExtendedKeyUsage.IsEmpty)
        {
            node.Fail("extendedKeyUsage", "at least one purpose is wanted: without one, a certificate is good for everything (RFC 5280 §4.2.1.12)");
        }

        // X509-SVID §2: exactly one URI name.
        if (profile.Use == ProfileUse.Agent && !profile.Names.UriPatterns.IsEmpty)
        {
            node.Fail("names", "an agent's only URI is its SPIFFE ID: leave uri out");
        }

        CheckSubject(profile, node);
        if (profile.Use != ProfileUse.Agent)
        {
            CheckAppliance(profile, node);
        }
    }

    // RFC 8813 §3, RFC 9295 §3, RFC 3279 §2.3.1, RFC 9881 §5, RFC 9909 §6, RFC 9935 §5: what the linter would refuse at every single issuance.
    private static KeyUsages ServedBy(KeyAlgorithm key) => key.Family switch
    {
        AlgorithmFamily.Rsa => KeyUsages.DigitalSignature | KeyUsages.NonRepudiation | KeyUsages.KeyEncipherment | KeyUsages.DataEncipherment,
        AlgorithmFamily.Ecdsa => KeyUsages.DigitalSignature | KeyUsages.NonRepudiation | KeyUsages.KeyAgreement,
        AlgorithmFamily.EdDsa or AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.Composite => KeyUsages.DigitalSignature | KeyUsages.NonRepudiation,
        AlgorithmFamily.MlKem => KeyUsages.KeyEncipherment,
    };

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

        if (profile.Keys.Any(k => k.IsCatalyst))
        {
            node.Fail("keys", $"{profile.Use} is the appliance's own and has one key");
        }

        if (profile.Authentication is not { Credential: false, Certificate: CertificateAuthentication.None, Stranger: false, Workload: false })
        {
            node.Fail("authentication", $"{profile.Use} is the appliance's own: nobody may ask for it");
        }
    }
}
