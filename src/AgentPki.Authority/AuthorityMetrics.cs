using System.Diagnostics.Metrics;
using AgentPki.Authority.Problems;

namespace AgentPki.Authority;

/// <summary>The instruments of meter <see cref="MeterName"/>. No label carries a name, an address or a serial: their number is bounded.</summary>
public sealed class AuthorityMetrics : IDisposable
{
    public const string MeterName = "AgentPki.Authority";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _issued;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _revoked;
    private readonly Counter<long> _withheld;
    private readonly Counter<long> _ocspAnswers;
    private readonly Counter<long> _statements;
    private readonly UpDownCounter<long> _subscribers;
    private readonly Counter<long> _stalled;
    private readonly Histogram<double> _feedLag;
    private readonly Counter<long> _witnessed;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _tokensRefused;
    private readonly Counter<long> _introspections;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<double> _commitSeconds;
    private readonly Histogram<double> _issuanceSeconds;

    public AuthorityMetrics()
    {
        _issued = _meter.CreateCounter<long>("agentpki.certificates.issued", "{certificate}", "Certificates released, by profile");
        _refused = _meter.CreateCounter<long>("agentpki.requests.refused", "{request}", "Requests refused, by kind of problem");
        _revoked = _meter.CreateCounter<long>("agentpki.certificates.revoked", "{certificate}", "Certificates revoked");
        _withheld = _meter.CreateCounter<long>("agentpki.certificates.withheld", "{certificate}", "Certificates signed but not released: their commit met a conflict");
        _ocspAnswers = _meter.CreateCounter<long>("agentpki.ocsp.answers", "{answer}", "OCSP answers, cached or signed");
        _statements = _meter.CreateCounter<long>("agentpki.feed.statements", "{statement}", "Statements signed by the revocation feed, by kind");
        _subscribers = _meter.CreateUpDownCounter<long>("agentpki.feed.subscribers", "{subscriber}", "Open streams of the revocation feed");
        _stalled = _meter.CreateCounter<long>("agentpki.feed.stalled", "{subscriber}", "Streams of the revocation feed cut because nobody read them");
        _feedLag = _meter.CreateHistogram<double>("agentpki.feed.lag", "s", "From a revocation's time to its statement, signed and stored");
        _witnessed = _meter.CreateCounter<long>("agentpki.witness.answers", "{answer}", "What witnesses said to the ledger's heads, by outcome");
        _tokens = _meter.CreateCounter<long>("agentpki.oauth.tokens", "{token}", "Access tokens released, by grant");
        _tokensRefused = _meter.CreateCounter<long>("agentpki.oauth.refused", "{request}", "OAuth requests refused, by error");
        _introspections = _meter.CreateCounter<long>("agentpki.oauth.introspections", "{answer}", "Introspections answered, by what they said");
        _batchSize = _meter.CreateHistogram<int>("agentpki.commit.batch", "{request}", "Requests in one commit batch");
        _commitSeconds = _meter.CreateHistogram<double>("agentpki.commit.duration", "s", "One batch: transaction and fsync");
        _issuanceSeconds = _meter.CreateHistogram<double>("agentpki.issuance.duration", "s", "From the approved request to the durable certificate");
    }

    internal void Issued(string profile, TimeSpan elapsed)
    {
        _issued.Add(1, new KeyValuePair<string, object?>("profile", profile));
        _issuanceSeconds.Record(elapsed.TotalSeconds);
    }

    internal void Refused(PkiProblemKind kind) => _refused.Add(1, new KeyValuePair<string, object?>("problem", kind.ToString()));

    internal void Revoked(int count) => _revoked.Add(count);

    internal void Withheld() => _withheld.Add(1);

    internal void OcspAnswered(bool cached) => _ocspAnswers.Add(1, new KeyValuePair<string, object?>("source", cached ? "cache" : "signed"));

    internal void FeedSpoke(string kind, TimeSpan? lag)
    {
        _statements.Add(1, new KeyValuePair<string, object?>("kind", kind));
        if (lag is { } behind)
        {
            _feedLag.Record(behind.TotalSeconds);
        }
    }

    internal void Witnessed(string outcome) => _witnessed.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    internal void WatchWitnesses(Func<int> missing) => _meter.CreateObservableGauge("agentpki.witness.missing", missing, "{witness}", "Witnesses that have not cosigned the ledger's newest head");

    internal void TokenIssued(string grant) => _tokens.Add(1, new KeyValuePair<string, object?>("grant", grant));

    internal void OAuthRefused(string error) => _tokensRefused.Add(1, new KeyValuePair<string, object?>("error", error));

    internal void Introspected(bool active) => _introspections.Add(1, new KeyValuePair<string, object?>("active", active ? "true" : "false"));

    internal void Subscribers(int change) => _subscribers.Add(change);

    internal void SubscriberStalled() => _stalled.Add(1);

    internal void Committed(int batch, TimeSpan elapsed)
    {
        _batchSize.Record(batch);
        _commitSeconds.Record(elapsed.TotalSeconds);
    }

    public void Dispose() => _meter.Dispose();
}
