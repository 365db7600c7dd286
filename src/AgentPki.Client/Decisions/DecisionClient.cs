using System.Buffers.Text;
using System.Security.Cryptography;
using AgentPki.Client.Revocation;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Decisions;

/// <summary>
/// Asks the appliance whether an agent may do one thing, now. When it cannot be asked, the last permission of the very same question counts for as long as the appliance said in its receipt, unless the revocation feed speaks
/// against the agent or is silent itself; everything else is a no (docs/decisions.md, "When the appliance cannot be asked"). What is remembered is in memory alone.
/// </summary>
/// <remarks>Make it once in a process. Thread-safe.</remarks>
public sealed class DecisionClient : IDisposable
{
    private readonly DecisionClientOptions _options;
    private readonly TimeProvider _clock;
    private readonly DecisionWire _wire;
    private readonly ReceiptJudge _receipts;
    private readonly OfflineJudge _offline;
    private readonly RememberedPermits _permits;
    private readonly bool _remembers;

    /// <param name="revocations">What a <see cref="RevocationFollower"/> of the same appliance knows. Its staleness bounds what may be relied on, beside what receipts say. Null: nobody follows, and nothing is relied on.</param>
    /// <param name="handler">The way to the appliance; null: TLS to the anchors.</param>
    /// <exception cref="ArgumentException">An option that cannot work.</exception>
    public DecisionClient(DecisionClientOptions options, RevocationView? revocations, TimeProvider clock, HttpMessageHandler? handler = null)
    {
        options.Validate();
        var identity = Certificate.Parse(options.Identity.RawData);
        (_options, _clock) = (options, clock);
        _wire = new DecisionWire(options, clock, handler);
        _receipts = new ReceiptJudge(_wire, options.Issuer, identity.SpiffeId?.ToString() ?? throw new ArgumentException("Who asks for decisions has a certificate with a SPIFFE ID.", nameof(options)), clock);
        _offline = new OfflineJudge(options, identity, revocations, clock);
        _permits = new RememberedPermits(options.MostRemembered);
        _remembers = revocations is not null && options.LongestOffline > TimeSpan.Zero;
    }

    /// <summary>Permissions that are remembered now.</summary>
    public int Remembered => _permits.Count;

    /// <summary>
    /// An answer was given without the appliance, yes or no: to be written down where nobody else does. Raised before the answer is returned; what a handler throws goes to whoever asked, who then has no answer.
    /// </summary>
    public event EventHandler<OfflineDecisionEventArgs>? AnsweredOffline;

    /// <summary>Yes or no; whatever goes wrong is a no.</summary>
    public async Task<DecisionAnswer> AskAsync(DecisionQuestion question, CancellationToken cancellationToken)
    {
        var identity = _remembers ? question.Identity : "";
        var turn = _permits.Begin(identity);
        try
        {
            var nonce = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
            var json = question.ToJson(nonce);
            var (asked, askedAt) = (_clock.GetTimestamp(), _clock.GetUtcNow());
            switch (await _wire.AskAsync(json, cancellationToken))
            {
                case WireReply.Answered answered:
                    _offline.Heard();
                    return await TakeAsync(question, identity, turn, answered, new Sent(nonce, DecisionQuestion.DigestOf(json), asked, askedAt), cancellationToken);
                case WireReply.Refused refused:
                    Forget(identity, refused.MayNotAsk);
                    return No(refused.Why);
                case WireReply.Away away:
                    return await AnswerOfflineAsync(question, identity, away.Why, cancellationToken);
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
        finally
        {
            _permits.End(identity);
        }
    }

    public void Dispose()
    {
        _wire.Dispose();
        _receipts.Dispose();
    }

    private async Task<DecisionAnswer> TakeAsync(DecisionQuestion question, string identity, long turn, WireReply.Answered answered, Sent sent, CancellationToken cancellationToken)
    {
        if (!answered.IsPermitted)
        {
            _permits.Forget(identity);
            return Answer(answered);
        }

        var (decided, statement, whyNot) = await _receipts.JudgeAsync(question, answered.Receipt, sent.Nonce, sent.Digest, cancellationToken);
        if (whyNot is not null || (decided is null && _options.WantsReceipt))
        {
            _permits.Forget(identity);
            return No(whyNot ?? "the appliance permits it and gives no receipt");
        }

        var answer = Answer(answered) with { Obligations = answered.Obligations };
        if (decided?.OfflineUntil is { } until && statement is not null && until > statement.IssuedAt && _remembers)
        {
            var lasts = until - statement.IssuedAt;
            _permits.Remember(identity, turn, new RememberedPermit(sent.Asked, sent.AskedAt, lasts < _options.LongestOffline ? lasts : _options.LongestOffline, answer with { Origin = DecisionOrigin.Remembered }));
        }
        else
        {
            // The newest answer counts, and this one is not to be relied on.
            _permits.Forget(identity);
        }

        return answer;
    }

    private async Task<DecisionAnswer> AnswerOfflineAsync(DecisionQuestion question, string identity, string away, CancellationToken cancellationToken)
    {
        var whyNot = _permits.Find(identity) is null ? "this was not permitted before in a way that may be relied on" : await _offline.WhyNotGoodAsync(question.Agent, cancellationToken);

        // Looked at after whatever took its time: the answer is of now.
        var permit = _permits.Find(identity);
        whyNot ??= permit is null ? "it was answered otherwise meanwhile" : _offline.WhyNotInTime(permit);
        var answer = permit is not null && whyNot is null ? permit.Answer : No($"the appliance cannot be asked ({away}), and {whyNot}");
        AnsweredOffline?.Invoke(this, new OfflineDecisionEventArgs(question, answer, _clock.GetUtcNow(), away));
        return answer;
    }

    private void Forget(string identity, bool everything)
    {
        if (everything)
        {
            _permits.ForgetAll();
        }
        else
        {
            _permits.Forget(identity);
        }
    }

    private static DecisionAnswer Answer(WireReply.Answered answered) => new(answered.IsPermitted, DecisionOrigin.Appliance, answered.Reasons, answered.Receipt) { Id = answered.Id, Explanation = answered.Explanation };

    private static DecisionAnswer No(string why) => new(false, DecisionOrigin.Nobody, [why], null) { Explanation = why };

    private readonly record struct Sent(string Nonce, string Digest, long Asked, DateTimeOffset AskedAt);
}
