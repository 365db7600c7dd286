using System.Collections.Concurrent;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Peers.Sources;

/// <summary>
/// What another source said of the few issuing CAs, each answer for as long as staleness is tolerated, so that a connection costs no question about them; and one question at a time.
/// That nobody could tell is not remembered.
/// </summary>
/// <param name="life">By the time that passes, whatever becomes of the clock.</param>
internal sealed class RememberedAnswers(IRevocationSource source, TimeSpan life, TimeProvider clock) : IRevocationSource, IDisposable
{
    private const int MostIssuers = 64;
    private readonly ConcurrentDictionary<(Certificate Certificate, Certificate Issuer), (SourceAnswer Answer, long Asked)> _answers = new();
    private readonly SemaphoreSlim _one = new(1, 1);

    public async ValueTask<SourceAnswer> AskAsync(Certificate certificate, Certificate issuer, CancellationToken cancellationToken)
    {
        if (Find(certificate, issuer) is { } known)
        {
            return known;
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            if (Find(certificate, issuer) is { } meanwhile)
            {
                return meanwhile;
            }

            var asked = clock.GetTimestamp();
            var answer = await source.AskAsync(certificate, issuer, cancellationToken);
            if (answer is not SourceAnswer.CannotTell)
            {
                if (_answers.Count >= MostIssuers)
                {
                    _answers.Clear();
                }

                _answers[(certificate, issuer)] = (answer, asked);
            }

            return answer;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private SourceAnswer? Find(Certificate certificate, Certificate issuer) =>
        _answers.TryGetValue((certificate, issuer), out var kept) && clock.GetElapsedTime(kept.Asked) < life ? kept.Answer : null;
}
