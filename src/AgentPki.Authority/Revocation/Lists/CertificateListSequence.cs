using AgentPki.Authority.Issuance;

namespace AgentPki.Authority.Revocation.Lists;

/// <summary>The CRLs of one CA's shard: the complete ones and their deltas, which share one sequence of numbers (RFC 5280 §5.2.4), so that one at a time is made.</summary>
internal sealed class CertificateListSequence(Issuer issuer, int shard) : IDisposable
{
    private volatile PublishedList? _complete;
    private volatile PublishedList? _delta;

    public Issuer Issuer { get; } = issuer;

    public int Shard { get; } = shard;

    public SemaphoreSlim Making { get; } = new(1, 1);

    public PublishedList? this[bool isDelta]
    {
        get => isDelta ? _delta : _complete;
        set
        {
            if (isDelta)
            {
                _delta = value;
            }
            else
            {
                _complete = value;
            }
        }
    }

    public void Dispose() => Making.Dispose();
}
