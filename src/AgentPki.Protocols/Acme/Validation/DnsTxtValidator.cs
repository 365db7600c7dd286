using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Acme.Validation.Resolution;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>
/// dns-01 (RFC 8555 §8.4) and its kin: a TXT record below the domain holds the digest of the key authorization. Several records may be there, of other
/// challenges; one must match. Also for wildcards: who controls the zone controls all that is below.
/// </summary>
internal sealed class DnsTxtValidator : IChallengeValidator
{
    private readonly EgressGate _gate;
    private readonly IDnsResolver _resolver;
    private readonly Func<ValidationRequest, string> _recordName;

    private DnsTxtValidator(string type, EgressGate gate, IDnsResolver resolver, Func<ValidationRequest, string> recordName) =>
        (Type, _gate, _resolver, _recordName) = (type, gate, resolver, recordName);

    public string Type { get; }

    /// <summary>RFC 8555 §8.4: <c>_acme-challenge.</c> before the domain name.</summary>
    public static DnsTxtValidator Dns01(EgressGate gate, IDnsResolver resolver) =>
        new(ChallengeTypes.Dns01, gate, resolver, static r => $"_acme-challenge.{r.Identifier.Value}");

    /// <summary>draft-ietf-acme-dns-account-label-03: a label of the account before that, so that several accounts can validate a name at the same time.</summary>
    public static DnsTxtValidator DnsAccount01(EgressGate gate, IDnsResolver resolver) =>
        new(ChallengeTypes.DnsAccount01, gate, resolver, static r => $"_{AccountLabels.Of(r.AccountUrl)}._acme-challenge.{r.Identifier.Value}");

    public bool Handles(AcmeIdentifier identifier, bool wildcard) => identifier.Type == AcmeIdentifierTypes.Dns;

    public async ValueTask<ValidationResult> ValidateAsync(ValidationRequest request, CancellationToken cancellationToken)
    {
        var name = _recordName(request);
        var expected = KeyAuthorizations.TxtValue(request.KeyAuthorization);
        using var deadline = _gate.Deadline(cancellationToken);
        try
        {
            return await _resolver.QueryAsync(name, DnsRecordType.Txt, deadline.Token) switch
            {
                DnsAnswer.Found found => Judge(name, expected, found),
                DnsAnswer.Empty => new ValidationResult.Invalid(AcmeErrorType.Unauthorized, $"{name} has no TXT record; it should have one that holds '{expected}'."),
                DnsAnswer.NoSuchName => new ValidationResult.Invalid(AcmeErrorType.Dns, $"The name {name} does not exist (NXDOMAIN); it should have a TXT record that holds '{expected}'."),
                DnsAnswer.Failed(var detail) => new ValidationResult.Invalid(AcmeErrorType.Dns, $"Looking up the TXT records of {name} failed: {detail}."),
                _ => throw new InvalidOperationException("an answer is one of four"),
            };
        }
        catch (OperationCanceledException) when (deadline.HasPassed)
        {
            return new ValidationResult.Invalid(AcmeErrorType.Dns, $"Looking up the TXT records of {name} did not end {deadline.Within}.");
        }
    }

    private ValidationResult Judge(string name, string expected, DnsAnswer.Found found)
    {
        var texts = found.Records.OfType<DnsRecord.Text>().Select(t => t.Value).ToList();
        var place = found.Owner == name ? name : $"{name} (an alias of {AcmeText.Shown(found.Owner)})";
        if (texts.Contains(expected, StringComparer.Ordinal))
        {
            return new ValidationResult.Valid($"{Type}: a TXT record of {place} holds {expected}");
        }

        var shown = string.Join(", ", texts.Take(3).Select(t => $"'{AcmeText.Shown(t)}'")) + (texts.Count > 3 ? $" and {texts.Count - 3} more" : "");
        return new ValidationResult.Invalid(AcmeErrorType.IncorrectResponse, $"The TXT records of {place} hold {shown}; one should hold '{expected}'.");
    }
}
