using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Acme.Validation.Resolution;

namespace AgentPki.Protocols.Acme.Validation.Caa;

/// <summary>
/// Whether a domain's CAA records let this CA issue (RFC 8659), to this account and by this way of validation (RFC 8657). Asked after validation and
/// before issuance, for profiles that serve public names. What cannot be looked up is a refusal.
/// </summary>
public sealed class CaaChecker : ICaaChecker
{
    private const string Issue = "issue";

    private const string IssueWild = "issuewild";

    private const string AccountUri = "accounturi";

    private const string ValidationMethods = "validationmethods";

    // RFC 8659 §4.2 to §4.4, RFC 9495; the others that a CA must know to go on are the critical ones (§4.5).
    private static readonly string[] KnownTags = [Issue, IssueWild, "iodef", "issuemail"];

    private readonly IReadOnlyList<string> _identities;
    private readonly EgressGate _gate;
    private readonly IDnsResolver _resolver;

    internal CaaChecker(IReadOnlyList<string> identities, EgressGate gate, IDnsResolver resolver) =>
        (_identities, _gate, _resolver) = ([.. identities.Select(i => i.ToLowerInvariant())], gate, resolver);

    /// <inheritdoc/>
    /// <remarks>Only dns identifiers have CAA records.</remarks>
    public async ValueTask<ValidationResult> CheckAsync(AcmeIdentifier identifier, bool wildcard, string method, string accountUrl, CancellationToken cancellationToken)
    {
        if (identifier.Type != AcmeIdentifierTypes.Dns)
        {
            return new ValidationResult.Valid($"caa: {identifier.Type} identifiers have no CAA records");
        }

        using var deadline = _gate.Deadline(cancellationToken);
        try
        {
            return await ClimbAsync(identifier.Value, wildcard, method, accountUrl, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.HasPassed)
        {
            return new ValidationResult.Invalid(AcmeErrorType.Dns, $"Looking up the CAA records of {identifier.Value} did not end {deadline.Within}.");
        }
    }

    // RFC 8659 §3: the records of the name itself, else of its parent, up to the top-level domain.
    private async ValueTask<ValidationResult> ClimbAsync(string name, bool wildcard, string method, string accountUrl, CancellationToken cancellationToken)
    {
        for (var domain = name; domain.Length > 0; domain = ParentOf(domain))
        {
            switch (await _resolver.QueryAsync(domain, DnsRecordType.Caa, cancellationToken))
            {
                case DnsAnswer.Failed(var detail):
                    return new ValidationResult.Invalid(AcmeErrorType.Dns, $"Looking up the CAA records of {domain} failed, and without them nothing is issued: {detail}.");
                case DnsAnswer.Found found:
                    var records = found.Records.OfType<DnsRecord.Caa>().ToList();
                    return Judge(records, wildcard, method, accountUrl) is { } refusal
                        ? new ValidationResult.Invalid(AcmeErrorType.Caa, $"The CAA records of {domain} {refusal}; they are {Shown(records)}.")
                        : new ValidationResult.Valid($"caa: the records of {domain} allow it: {Shown(records)}");
            }
        }

        return new ValidationResult.Valid($"caa: neither {name} nor a domain above it has CAA records");
    }

    /// <summary>Null when they allow it; else why not, as a clause that follows "the CAA records of …".</summary>
    private string? Judge(List<DnsRecord.Caa> records, bool wildcard, string method, string accountUrl)
    {
        // §4.1: a critical property that is not understood forbids.
        if (records.Find(r => r.Critical && !KnownTags.Contains(r.Tag, StringComparer.Ordinal)) is { } unknown)
        {
            return $"have the critical property '{AcmeText.Shown(unknown.Tag)}', which is not known here";
        }

        // §4.3: issuewild, when there is one, decides for wildcards alone; else issue does for both.
        var tag = wildcard && records.Exists(r => r.Tag == IssueWild) ? IssueWild : Issue;
        var deciding = records.FindAll(r => r.Tag == tag);
        if (deciding.Count == 0)
        {
            return null; // §4.2: nobody is restricted
        }

        string? nearest = null;
        foreach (var value in deciding.Select(r => CaaIssueValue.Parse(r.Value)))
        {
            if (value is null || !_identities.Contains(value.Issuer, StringComparer.Ordinal))
            {
                continue;
            }

            if (CheckParameters(value, method, accountUrl) is not { } restriction)
            {
                return null;
            }

            nearest = restriction;
        }

        return nearest ?? (_identities.Count == 0
            ? $"restrict who may issue ({tag}), and this CA has no name in them"
            : $"have no {tag} property for {string.Join(" or ", _identities)}");
    }

    // RFC 8657 §3, §4: each at most once, and what stands there is what must be; a malformed or doubled one can never be fulfilled.
    private static string? CheckParameters(CaaIssueValue value, string method, string accountUrl)
    {
        var accounts = value.ValuesOf(AccountUri);
        if (accounts.Count > 1 || (accounts.Count == 1 && accounts[0] != accountUrl))
        {
            return $"allow other accounts only (accounturi); yours is {accountUrl}";
        }

        var methods = value.ValuesOf(ValidationMethods);
        return methods.Count > 1 || (methods.Count == 1 && !methods[0].Split(',').Contains(method, StringComparer.Ordinal))
            ? $"allow other ways of validation only (validationmethods); this was {method}"
            : null;
    }

    private static string ParentOf(string domain)
    {
        var dot = domain.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? "" : domain[(dot + 1)..];
    }

    private static string Shown(List<DnsRecord.Caa> records) =>
        string.Join(", ", records.Take(4).Select(r => $"{(r.Critical ? "128" : "0")} {AcmeText.Shown(r.Tag, 20)} \"{AcmeText.Shown(r.Value)}\"")) + (records.Count > 4 ? $" and {records.Count - 4} more" : "");
}
