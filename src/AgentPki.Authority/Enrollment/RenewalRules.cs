using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Enrollment;

/// <summary>
/// Renewal and rekeying (RFC 7030 §4.2.2): "The request Subject field and SubjectAltName extension MUST be identical to the
/// corresponding fields in the certificate being renewed/rekeyed." Names that the appliance added may be left out, for a client
/// repeats its own request; nothing may come to them.
/// </summary>
internal static class RenewalRules
{
    /// <summary>Null when the request is the current certificate's identity again.</summary>
    public static PkiProblem? Check(Pkcs10Request csr, AuthenticatedRequester.ByCertificate who, CampaignSeat seat, DateTimeOffset now)
    {
        var current = who.Certificate;
        if (!SameSubject(csr.Subject, current.Subject, seat.Profile.Subject))
        {
            return Mismatch("the subject is not that of the certificate being renewed");
        }

        foreach (var name in csr.SubjectAlternativeNames)
        {
            if (!current.SubjectAlternativeNames.Contains(name))
            {
                return Mismatch("the request asks for a name that the certificate being renewed does not carry; enrol again for another identity");
            }
        }

        // An agent that is asked to change need not wait.
        if (RenewalAdvice.EarliestFor(current, seat.Profile) is { } earliest && now < earliest && !seat.IsAskedToChangeFrom(who.Stored))
        {
            return new PkiProblem(PkiProblemKind.PolicyViolation, $"too early: the certificate can be renewed from {earliest:u}", earliest - now);
        }

        return null;
    }

    /// <summary>
    /// The names of the renewed certificate: those asked for, and those the appliance added (the SPIFFE ID, the common name's); all of them when the
    /// request names none.
    /// </summary>
    public static IReadOnlyList<GeneralName> NamesOf(Pkcs10Request csr, Certificate current) => csr.SubjectAlternativeNames.Count == 0
        ? current.SubjectAlternativeNames
        : [.. current.SubjectAlternativeNames.Where(name => csr.SubjectAlternativeNames.Contains(name) || (name is GeneralName.Uri(var uri) && SpiffeId.HasScheme(uri)) || name.Equals(RequestedNames.OfCommonName(current.Subject)))];

    // Same attributes, same values, same order; string types may differ (a client reads PrintableString and writes UTF8String).
    private static bool SameSubject(X500Name requested, X500Name current, SubjectRule rule)
    {
        if (requested.Equals(current) || (requested.IsEmpty && rule.Source != SubjectSource.Request))
        {
            return true;
        }

        return requested.Rdns.Count == current.Rdns.Count
            && requested.Rdns.Zip(current.Rdns).All(pair => pair.First.Select(a => (a.Oid, a.Value)).SequenceEqual(pair.Second.Select(a => (a.Oid, a.Value))));
    }

    private static PkiProblem Mismatch(string detail) => new(PkiProblemKind.IdentityMismatch, $"{detail} (RFC 7030 §4.2.2)");
}
