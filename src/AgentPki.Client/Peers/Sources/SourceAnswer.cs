using AgentPki.Client.Revocation;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Peers.Sources;

/// <summary>What a source says of a certificate. Closed.</summary>
internal abstract record SourceAnswer
{
    private SourceAnswer()
    {
    }

    public sealed record Good(RevocationSource Source) : SourceAnswer;

    /// <summary>Revoked or held; and of all sources together: that none can tell.</summary>
    public sealed record Refused(PeerRefusal Refusal) : SourceAnswer;

    /// <param name="Detail">Why, as a clause without its full stop.</param>
    public sealed record CannotTell(string Detail) : SourceAnswer;

    /// <summary>The refusal that a status of the feed is, however old it is; null: it is good, or the feed cannot tell.</summary>
    public static PeerRefusal? OfKnown(RevocationStatus status) => status switch
    {
        RevocationStatus.Revoked => new PeerRefusal(RefusalKind.Revoked, "The certificate is revoked."),
        RevocationStatus.Held => new PeerRefusal(RefusalKind.Held, "The certificate is held; it may be released."),
        _ => null,
    };

    /// <summary>What is said against an issuing CA, as its peers are told.</summary>
    public static PeerRefusal OfIssuer(Certificate issuer, PeerRefusal refusal) => refusal with { Detail = $"The certificate of its issuer '{issuer.Subject}' is {(refusal.Kind == RefusalKind.Held ? "held" : "revoked")}." };
}

/// <summary>Somebody who may know whether a certificate is revoked.</summary>
internal interface IRevocationSource
{
    ValueTask<SourceAnswer> AskAsync(Certificate certificate, Certificate issuer, CancellationToken cancellationToken);
}
