using System.Security.Cryptography;
using AgentPki.Client.Peers;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.AspNetCore;

/// <summary>What <see cref="AgentPkiExtensions.AddAgentPki"/> needs to know: where the appliance is and whom to trust.</summary>
public sealed class AgentPkiOptions
{
    /// <summary>Where the revocation feed is, for example <c>http://pki.example.org:8080</c>.</summary>
    public Uri? Appliance { get; set; }

    /// <summary>A PEM file with the roots (the appliance's <c>anchors/root.pem</c>); issuing CAs in it help with peers that do not send theirs.</summary>
    public string? TrustAnchorsFile { get; set; }

    /// <summary>SPIFFE IDs that may come in, <c>spiffe://example.org/team-a/*</c> for all below; none: whoever the anchors vouch for.</summary>
    public IList<string> Allowed { get; } = [];

    /// <summary>Whether a connection without a certificate is refused within the handshake; else its requests are anonymous, and 401 where somebody is asked for.</summary>
    public bool RequireCertificate { get; set; }

    /// <summary>Changes what is not said above: the sources and their order, the staleness that is tolerated.</summary>
    public Func<PeerGateOptions, PeerGateOptions> Gate { get; set; } = static options => options;

    internal PeerDemand Demand() => PeerDemand.Client([.. Allowed.Select(SpiffeIdPattern.Parse)]);

    /// <exception cref="InvalidOperationException">Something is missing; the message says what.</exception>
    internal PeerGateOptions GateOptions()
    {
        if (Appliance is null || TrustAnchorsFile is null)
        {
            throw new InvalidOperationException("AddAgentPki needs to know where the appliance is and whom to trust: set Appliance and TrustAnchorsFile.");
        }

        var certificates = ReadCertificates(TrustAnchorsFile);
        var anchors = certificates.Where(c => c.IsSelfIssued).ToList();
        return anchors.Count > 0
            ? Gate(new PeerGateOptions(Appliance, anchors) { Intermediates = [.. certificates.Where(c => !c.IsSelfIssued)] })
            : throw new InvalidOperationException($"{TrustAnchorsFile} holds no root certificate; copy the appliance's anchors/root.pem.");
    }

    private static List<Certificate> ReadCertificates(string file)
    {
        var certificates = new List<Certificate>();
        var rest = File.ReadAllText(file).AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (rest[fields.Label] is "CERTIFICATE")
            {
                certificates.Add(Certificate.TryParse(Convert.FromBase64String(rest[fields.Base64Data].ToString()), out var certificate, out var error)
                    ? certificate
                    : throw new InvalidOperationException($"A certificate in {file} cannot be read: {error}."));
            }

            rest = rest[fields.Location.End..];
        }

        return certificates;
    }
}
