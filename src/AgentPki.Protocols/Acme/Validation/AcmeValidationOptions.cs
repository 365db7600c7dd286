using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Acme.Validation.Resolution;
using AgentPki.X509.Names;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>Settings of validation over the network.</summary>
public sealed record AcmeValidationOptions
{
    public EgressOptions Egress { get; init; } = new();

    public ResolverOptions Resolver { get; init; } = new();

    /// <summary>The domain names by which CAA records name this CA (RFC 8659 §4.2); they stand in the directory too (<c>caaIdentities</c>, RFC 8555 §7.1.1).</summary>
    public IReadOnlyList<string> CaaIdentities { get; init; } = [];

    /// <summary>Whether dns-account-01 is offered beside dns-01.</summary>
    public bool DnsAccount01 { get; init; } = true;

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public AcmeValidationOptions Validate()
    {
        _ = (Egress.Validate(), Resolver.Validate());
        foreach (var identity in CaaIdentities)
        {
            if (DnsNames.Check(identity) is { } wrong)
            {
                throw new ArgumentException($"acme.caaIdentities: '{identity}' is no domain name: it {wrong}.");
            }
        }

        return this;
    }
}
