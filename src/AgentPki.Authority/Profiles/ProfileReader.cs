using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Profiles;

/// <summary>Reads one profile from its YAML. What is wrong is gathered, with file, line and field; a profile exists only in valid form.</summary>
internal static class ProfileReader
{
    private static readonly TimeSpan ShortestValidity = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestValidity = TimeSpan.FromDays(398);

    /// <summary>Null, with at least one error gathered, when the text is no valid profile.</summary>
    public static CertificateProfile? Read(string file, TextReader text, List<ProfileError> errors)
    {
        var before = errors.Count;
        if (ProfileNode.Parse(file, text, errors) is not { } node)
        {
            return null;
        }

        var use = node.Choice("use", ProfileUse.Agent, ("agent", ProfileUse.Agent), ("tls-server", ProfileUse.TlsServer), ("ocsp-responder", ProfileUse.OcspResponder), ("cms-signer", ProfileUse.CmsSigner), ("revocation-feed", ProfileUse.RevocationFeed), ("access-tokens", ProfileUse.AccessTokens), ("administrator", ProfileUse.Administrator));
        var profile = new CertificateProfile
        {
            Source = file,
            Use = use,
            Name = ReadName(node),
            Description = node.Text("description") ?? "",
            IsDefault = node.Flag("default", false),
            Labels = ReadLabels(node),
            Issuer = node.RequiredText("issuer"),
            Keys = ReadKeys(node),
            Signature = ReadSignature(node),
            Subject = ReadSubject(node.Section("subject")),
            Names = ReadNames(node.Section("names")),
            AgentPath = ReadSpiffe(node, use),
            Validity = node.Duration("validity", ShortestValidity, LongestValidity) ?? Missing(node, "validity"),
            Backdate = node.Duration("backdate", TimeSpan.Zero, TimeSpan.FromHours(1)) ?? TimeSpan.FromMinutes(5),
            KeyUsage = ProfileUsages.ReadKeyUsage(node),
            ExtendedKeyUsage = ProfileUsages.ReadExtendedKeyUsage(node),
            Policies = ReadPolicies(node),
            Status = ReadStatus(node.Section("status")),
            Authentication = ReadAuthentication(node.Section("authentication"), use),
            ServerKeyGeneration = node.Flag("serverKeyGeneration", false),
            RelatedCertificates = node.Flag("relatedCertificates", false),
            RenewalWindow = ReadRenewal(node.Section("renewal")),
        };
        node.RejectUnknown();
        ProfileRules.Check(profile, node);
        return errors.Count == before ? profile : null;
    }

    private static string ReadName(ProfileNode node)
    {
        var name = node.RequiredText("name");
        if (name.Length > 64 || name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
        {
            node.Fail("name", "1 to 64 lower-case letters, digits and '-' are wanted");
        }

        return name;
    }

    private static ImmutableArray<string> ReadLabels(ProfileNode node)
    {
        var labels = node.Texts("labels");
        foreach (var label in labels.Where(label => !AgentNaming.IsPathSegment(label)))
        {
            node.Fail("labels", $"'{label}' cannot stand in a URL path: letters, digits, '.', '-' and '_' are wanted");
        }

        return labels;
    }

    private static ImmutableArray<KeyKind> ReadKeys(ProfileNode node)
    {
        var keys = ImmutableArray.CreateBuilder<KeyKind>();
        foreach (var text in node.Texts("keys"))
        {
            if (KeyKind.TryParse(text, out var kind, out var error))
            {
                keys.Add(kind);
            }
            else
            {
                node.Fail("keys", error);
            }
        }

        if (keys.Count == 0)
        {
            node.Fail("keys", "at least one key algorithm is wanted");
        }

        return keys.ToImmutable();
    }

    private static SignatureAlgorithm? ReadSignature(ProfileNode node)
    {
        if (node.Text("signature") is not { } name)
        {
            return null;
        }

        if (SignatureAlgorithm.Find(name) is { } signature)
        {
            return signature;
        }

        node.Fail("signature", $"'{name}' is unknown; known: {string.Join(", ", SignatureAlgorithm.All)}");
        return null;
    }

    private static SubjectRule ReadSubject(ProfileNode node)
    {
        var source = node.Choice("from", SubjectSource.Request, ("request", SubjectSource.Request), ("template", SubjectSource.Template), ("empty", SubjectSource.Empty));
        var template = node.Text("template");
        var allowed = ImmutableArray.CreateBuilder<string>();
        foreach (var word in node.Has("attributes") ? node.Texts("attributes") : ["CN"])
        {
            if (SubjectAttributes.Find(word) is { } oid)
            {
                allowed.Add(oid);
            }
            else
            {
                node.Fail("attributes", $"'{word}' is unknown; known: {string.Join(", ", SubjectAttributes.Words)}");
            }
        }

        node.RejectUnknown();
        return new SubjectRule(source, template, allowed.ToImmutable());
    }

    private static NameRule ReadNames(ProfileNode node)
    {
        var rule = new NameRule(node.Texts("dns"), Leave(node, "wildcard"), Leave(node, "ip"), node.Texts("email"), node.Texts("uri"), node.Number("maximum", 16, 1, 100), node.Flag("caa", false));
        node.RejectUnknown();
        return rule;
    }

    private static AgentPathRule? ReadSpiffe(ProfileNode parent, ProfileUse use)
    {
        var present = parent.Has("spiffe");
        var node = parent.Section("spiffe");
        if (present != (use == ProfileUse.Agent))
        {
            parent.Fail("spiffe", present ? "only agents' profiles name a SPIFFE ID" : "is missing: an agent is named by its SPIFFE ID");
        }

        var rule = new AgentPathRule(node.Text("template"), node.Texts("allow"));
        if (present && rule is { Template: null, Patterns.Count: 0 })
        {
            node.Fail("template", "a template, allowed patterns, or both are wanted");
        }

        foreach (var path in rule.Patterns.Append(rule.Template ?? "/").Where(path => !path.StartsWith('/')))
        {
            node.Fail("allow", $"'{path}' does not start with '/'");
        }

        node.RejectUnknown();
        return present ? rule : null;
    }

    private static ImmutableArray<string> ReadPolicies(ProfileNode node)
    {
        var policies = node.Texts("policies");
        foreach (var policy in policies.Where(policy => !ProfileUsages.IsOid(policy)))
        {
            node.Fail("policies", $"'{policy}' is no object identifier");
        }

        return policies;
    }

    private static StatusRule ReadStatus(ProfileNode node)
    {
        var none = node.Flag("noRevocationAvailable", false);
        var rule = new StatusRule(node.Flag("caIssuers", true), node.Flag("ocsp", !none), node.Flag("crl", !none), none, node.Flag("deltaCrl", false));
        if (rule is { DeltaList: true, CertificateList: false })
        {
            node.Fail("deltaCrl", "RFC 5280 §4.2.1.15: only together with crl, to which it is the difference");
        }

        if (none && (rule.Ocsp || rule.CertificateList))
        {
            node.Fail("noRevocationAvailable", "RFC 9608 §2: not together with ocsp or crl");
        }

        node.RejectUnknown();
        return rule;
    }

    private static AuthenticationRule ReadAuthentication(ProfileNode node, ProfileUse use)
    {
        var rule = new AuthenticationRule(
            node.Flag("credential", false),
            node.Choice("certificate", CertificateAuthentication.None, ("none", CertificateAuthentication.None), ("self", CertificateAuthentication.Self), ("spawn", CertificateAuthentication.Spawn)),
            node.Flag("stranger", false),
            node.Choice("approval", ApprovalRule.None, ("none", ApprovalRule.None), ("enrollment", ApprovalRule.Enrollment), ("always", ApprovalRule.Always)),
            node.Flag("acme", false));
        if (rule.Stranger && rule.Approval == ApprovalRule.None)
        {
            node.Fail("stranger", "whoever did not authenticate gets nothing without an approval; set approval: enrollment");
        }

        if (node.Flag("tlsUniqueLinking", false))
        {
            node.Fail("tlsUniqueLinking", "RFC 7030 §3.5 linking needs tls-unique, which TLS 1.3 has not; the appliance cannot require it (docs/divergences.md)");
        }

        if (use == ProfileUse.Agent && rule is { Credential: false, Certificate: CertificateAuthentication.None, Stranger: false, Acme: false })
        {
            node.Fail("credential", "nobody may ask for this profile: allow credential, certificate, acme or stranger");
        }

        node.RejectUnknown();
        return rule;
    }

    private static NameLeave Leave(ProfileNode node, string field) =>
        node.Choice(field, NameLeave.No, ("false", NameLeave.No), ("proven", NameLeave.Proven), ("true", NameLeave.Yes));

    private static TimeSpan? ReadRenewal(ProfileNode node)
    {
        var window = node.Duration("window", ShortestValidity, LongestValidity);
        node.RejectUnknown();
        return window;
    }

    private static TimeSpan Missing(ProfileNode node, string field)
    {
        if (!node.Has(field))
        {
            node.Fail(field, "is missing");
        }

        return ShortestValidity;
    }
}
