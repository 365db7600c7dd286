using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Validation.Caa;
using AgentPki.Protocols.Acme.Validation.Egress;
using AgentPki.Protocols.Acme.Validation.Resolution;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>The validators that go over the network, put together: one gate for all that connects, one resolver for all that looks up.</summary>
public sealed class AcmeValidation
{
    /// <param name="providers">Verify the self-signature of tls-alpn-01's certificate.</param>
    /// <param name="resolver">Null: a <see cref="StubResolver"/> by the options.</param>
    /// <exception cref="ArgumentException">Options that cannot work.</exception>
    public AcmeValidation(AcmeValidationOptions options, CryptoProviders providers, TimeProvider time, IDnsResolver? resolver = null)
    {
        _ = options.Validate();
        var names = resolver ?? new StubResolver(options.Resolver, time);
        var gate = new EgressGate(options.Egress, names, time);
        Caa = new CaaChecker(options.CaaIdentities, gate, names);
        Validators =
        [
            new Http01Validator(gate),
            DnsTxtValidator.Dns01(gate, names),
            new TlsAlpn01Validator(gate, providers),
            .. options.DnsAccount01 ? [DnsTxtValidator.DnsAccount01(gate, names)] : Array.Empty<IChallengeValidator>(),
        ];
    }

    /// <summary>In the order in which an authorization lists its challenges: clients that take the first they know want http-01 there.</summary>
    public IReadOnlyList<IChallengeValidator> Validators { get; }

    public CaaChecker Caa { get; }
}
