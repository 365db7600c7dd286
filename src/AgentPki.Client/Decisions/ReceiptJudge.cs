using AgentPki.Ledger.Decisions;

namespace AgentPki.Client.Decisions;

/// <summary>Holds the appliance's receipt against the question that was asked. The keys come from the appliance over the same TLS, and again where a receipt is not understood, but not for each.</summary>
internal sealed class ReceiptJudge(DecisionWire wire, string issuer, string asker, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _fetching = new(1, 1);
    private volatile DecisionReceipt? _keys;
    private long? _lookedAt;

    /// <returns>What the receipt says of this question, where there is one that can be judged; or why it contradicts the answer.</returns>
    public async Task<(DecidedAction? Decided, DecisionStatement? Statement, string? WhyNot)> JudgeAsync(DecisionQuestion question, string? receipt, string nonce, string digest, CancellationToken cancellationToken)
    {
        if (receipt is null || (_keys ?? await FetchAsync(null, cancellationToken)) is not { } keys)
        {
            return (null, null, null);
        }

        // Its time is not asked for: the nonce shows that it is of now, whatever the two clocks say.
        var expected = new ReceiptExpectation(issuer) { Audience = asker, Nonce = nonce, RequestSha256 = digest };
        var result = keys.Verify(receipt, expected);
        if (result is ReceiptResult.Invalid && await FetchAsync(keys, cancellationToken) is { } newer)
        {
            result = newer.Verify(receipt, expected);
        }

        return result switch
        {
            ReceiptResult.Valid(var statement) when statement.Decisions.FirstOrDefault(d => d.RequestSha256 == digest) is { } decided && WhyNot(decided, question) is { } other => (null, null, other),
            ReceiptResult.Valid(var statement) => (statement.Decisions.First(d => d.RequestSha256 == digest), statement, null),
            ReceiptResult.Invalid(var reason) => (null, null, $"the appliance's receipt is not to be believed: {reason.TrimEnd('.')}"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    public void Dispose() => _fetching.Dispose();

    private static string? WhyNot(DecidedAction decided, DecisionQuestion question) =>
        decided.IsPermitted && decided.Subject == question.AgentId && decided.Action == question.Action && decided.Resource == question.Resource
        && decided.CertificateSha256 == Convert.ToHexStringLower(question.Agent.Fingerprint())
            ? null
            : "the appliance's receipt says otherwise than its answer";

    /// <param name="instead">Those that did not do; null: there are none yet.</param>
    private async Task<DecisionReceipt?> FetchAsync(DecisionReceipt? instead, CancellationToken cancellationToken)
    {
        await _fetching.WaitAsync(cancellationToken);
        try
        {
            if (_keys is { } meanwhile && meanwhile != instead)
            {
                return meanwhile;
            }

            if (_lookedAt is { } last && clock.GetElapsedTime(last) < LookAgainAfter)
            {
                return null;
            }

            _lookedAt = clock.GetTimestamp();
            return await wire.KeysAsync(cancellationToken) is { } json && TryRead(json) is { } keys ? _keys = keys : null;
        }
        finally
        {
            _fetching.Release();
        }
    }

    private static DecisionReceipt? TryRead(byte[] json)
    {
        try
        {
            return DecisionReceipt.FromJwks(json);
        }
        catch (FormatException)
        {
            return null; // no key yet
        }
    }
}
