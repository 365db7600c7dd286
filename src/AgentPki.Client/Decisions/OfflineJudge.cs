using AgentPki.Client.Revocation;
using AgentPki.Client.Verification;
using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Decisions;

/// <summary>Whether what the appliance permitted before may be relied on now that it cannot be asked.</summary>
internal sealed class OfflineJudge(DecisionClientOptions options, Certificate asker, RevocationView? revocations, TimeProvider clock)
{
    private readonly ChainVerifier _chains = new(options.TrustAnchors, SoftwareVerifiers.Create(), clock, understood: options.HeededPolicy);
    private readonly Lock _gate = new();
    private DateTimeOffset _latest = DateTimeOffset.MinValue;

    /// <summary>The appliance answered: what this machine's clock says from now on is taken for the time.</summary>
    public void Heard()
    {
        lock (_gate)
        {
            _latest = clock.GetUtcNow();
        }
    }

    /// <summary>Why a certificate, that of who asks, or one of their issuers is not known to be good now; null: all are.</summary>
    public async ValueTask<string?> WhyNotGoodAsync(Certificate agent, CancellationToken cancellationToken) =>
        await WhyNotGoodAsync(agent, "the agent's certificate", cancellationToken) ?? await WhyNotGoodAsync(asker, "the certificate of who asks", cancellationToken);

    /// <summary>Why a permission has ended; null: it has not.</summary>
    public string? WhyNotInTime(RememberedPermit permit)
    {
        var now = clock.GetUtcNow();
        lock (_gate)
        {
            if (now < _latest - options.ClockTolerance)
            {
                return $"the clock was set back to {now:u}";
            }

            _latest = now > _latest ? now : _latest;
        }

        // By the time that passes, which nobody sets back; by the wall clock too, since the former stands still while a machine sleeps.
        return clock.GetElapsedTime(permit.Asked) >= permit.Lasts || now >= permit.AskedAt + permit.Lasts ? $"what was permitted at {permit.AskedAt:u} could be relied on for {permit.Lasts.TotalSeconds:0} seconds"
            : null;
    }

    private async ValueTask<string?> WhyNotGoodAsync(Certificate certificate, string whose, CancellationToken cancellationToken)
    {
        if (_chains.Verify(certificate, options.Intermediates, Oids.ClientAuth) is not ChainResult.Valid { Path: var path })
        {
            return $"{whose} has no path to a trust anchor now; name the issuing CAs";
        }

        if (revocations is null)
        {
            return "nobody follows the revocation feed here";
        }

        // The root is what is trusted; whoever is below it can be revoked.
        foreach (var one in path.SkipLast(1))
        {
            var of = one == certificate ? whose : $"an issuer of {whose}";
            switch (await revocations.CheckAsync(one, cancellationToken))
            {
                case RevocationStatus.Good:
                    break;
                case RevocationStatus.Revoked or RevocationStatus.Held:
                    return $"{of} is revoked or held";
                case RevocationStatus.Stale(var asOf):
                    return asOf is { } last ? $"the revocation feed was last heard {last:u}" : "the revocation feed was not heard yet";
                default:
                    return $"the revocation feed does not tell of {of}";
            }
        }

        return path.Count > 1 ? null : $"{whose} is an anchor";
    }
}
