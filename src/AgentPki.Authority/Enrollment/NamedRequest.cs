using AgentPki.Agents;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Enrollment;

/// <summary>The names a certificate will carry.</summary>
/// <param name="AgentId">The SPIFFE ID.</param>
/// <param name="Names">The SPIFFE ID first, then the others in the request's order.</param>
internal sealed record NamedRequest(string AgentId, X500Name Subject, IReadOnlyList<GeneralName> Names)
{
    /// <summary>Decides the names of an enrolment; null with the problem.</summary>
    public static NamedRequest? Of(Pkcs10Request csr, CertificateProfile profile, AgentNaming naming, string? credentialPattern, out PkiProblem? problem)
    {
        if (RequestedNames.Sort(csr.SubjectAlternativeNames, out var error) is not { } requested
            || SubjectRules.Decide(csr.Subject, profile.Subject, out error) is not { } subject
            || (error = NameRules.Check(requested.Others, 1, profile.Names)) is not null
            || AddCommonName(requested.Others, subject, profile.Names, out error) is not { } others)
        {
            problem = new PkiProblem(PkiProblemKind.PolicyViolation, error ?? "the names are not allowed");
            return null;
        }

        if (profile.AgentPath is not { } path)
        {
            problem = new PkiProblem(PkiProblemKind.UnknownProfile, "this profile is not for agents");
            return null;
        }

        var dns = others.OfType<GeneralName.Dns>().FirstOrDefault()?.Name;
        if (!naming.TryName(path, requested.Spiffe, csr.Subject.CommonName, dns, credentialPattern, out var id, out error))
        {
            problem = new PkiProblem(PkiProblemKind.PolicyViolation, error);
            return null;
        }

        problem = null;
        var agentId = id.ToString();
        return new NamedRequest(agentId, subject, [new GeneralName.Uri(agentId), .. others]);
    }

    /// <summary>The names of an ACME order, which the request was found to carry exactly; null with the problem.</summary>
    public static NamedRequest? OfOrder(Pkcs10Request csr, CertificateProfile profile, Requester.AcmeOrder order, out PkiProblem? problem)
    {
        if (SubjectRules.Decide(csr.Subject, profile.Subject, out var error) is not { } subject
            || (error = NameRules.Check([.. order.Names.Skip(1)], 1, profile.Names.ForProven())) is not null)
        {
            problem = new PkiProblem(PkiProblemKind.PolicyViolation, error ?? "the names are not allowed");
            return null;
        }

        problem = null;
        return new NamedRequest(order.AgentId, subject, order.Names);
    }

    private static IReadOnlyList<GeneralName>? AddCommonName(IReadOnlyList<GeneralName> names, X500Name subject, NameRule rule, out string? error)
    {
        error = null;
        if (RequestedNames.OfCommonName(subject) is not { } added || names.Any(n => string.Equals(n.ToString(), added.ToString(), StringComparison.OrdinalIgnoreCase)))
        {
            return names;
        }

        if (NameRules.Check([added], 1 + names.Count, rule) is { } wrong)
        {
            error = $"the common name is a host name or an address and so must be among the alternative names, but {wrong}";
            return null;
        }

        return [.. names, added];
    }

    /// <summary>One line for the person who approves.</summary>
    public string Summary(KeyKind key) => $"{AgentId}; subject {(Subject.IsEmpty ? "(empty)" : Subject)}; {string.Join(", ", Names.Skip(1))}; {key} key";
}
