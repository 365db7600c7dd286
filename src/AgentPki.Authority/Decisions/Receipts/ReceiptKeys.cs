using System.Text;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Decisions;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Decisions.Receipts;

/// <summary>
/// Signs receipts of decisions, and nothing else, with a key made for that alone when it is first needed. Who verifies has its public half from the appliance's JWKS (RFC 7517 §5), kept
/// from then on.
/// </summary>
public sealed class ReceiptKeys : IAsyncDisposable
{
    private static readonly TimeSpan NextTry = TimeSpan.FromSeconds(10);
    private readonly DecisionOptions _options;
    private readonly CryptoProviders _providers;
    private readonly KeyMaker _maker;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile Opened? _opened;
    private long _failedAt = long.MinValue;

    internal ReceiptKeys(DecisionOptions options, CryptoProviders providers, KeyMaker maker, TimeProvider time, ILogger logger) => (_options, _providers, _maker, _time, _logger) = (options, providers, maker, time, logger);

    /// <summary>The JWK set with the key; empty while there is none.</summary>
    public async ValueTask<byte[]> JwksAsync(CancellationToken cancellationToken) =>
        await OpenAsync(cancellationToken) is { } opened ? Encoding.UTF8.GetBytes($$"""{"keys":[{{opened.Jwk}}]}""") : """{"keys":[]}"""u8.ToArray();

    /// <summary>The compact JWS of a statement, verified before it is handed out; null: the key cannot sign now, or no receipts are made here.</summary>
    public async ValueTask<string?> TrySignAsync(DecisionStatement statement, CancellationToken cancellationToken)
    {
        try
        {
            if (await OpenAsync(cancellationToken) is not { } opened)
            {
                return null;
            }

            var text = await CompactJws.SignAsync(opened.Key, DecisionStatement.JwsType, statement.Encode(), cancellationToken);
            if (text.Length > CompactJws.MaximumLength)
            {
                Log.ReceiptNotSigned(_logger, "the names in it are too long for one receipt: ask for fewer decisions at once");
                return null;
            }

            return CompactJws.TryParse(text, out var jws, out _) && jws.Verify(opened.Key.PublicKey, _providers)
                ? text
                : throw new KeyUnavailableException("The signature over a receipt does not verify.", NextTry);
        }
        catch (KeyUnavailableException failure)
        {
            Fail(failure);
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_opened is { } opened)
        {
            await opened.Key.DisposeAsync();
        }

        _opening.Dispose();
    }

    private async ValueTask<Opened?> OpenAsync(CancellationToken cancellationToken)
    {
        if (_opened is { } known || _options.ReceiptKeys.IsEmpty)
        {
            return _opened;
        }

        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_opened is not null || (_failedAt != long.MinValue && _time.GetElapsedTime(_failedAt) < NextTry))
            {
                return _opened;
            }

            // Each kind has a label of its own: another choice later makes another key.
            var label = $"{_options.KeyLabel}-{_options.ReceiptKeys[0].Name.ToLowerInvariant()}";
            var (key, _) = await _maker.OpenOrGenerateAsync(label, [.. _options.ReceiptKeys], KeyPurpose.DecisionReceipt, null, AuditTrail.Appliance, cancellationToken);
            return _opened = new Opened(key);
        }
        catch (Exception failure) when (failure is KeyUnavailableException or InvalidOperationException or Store.StoreUnavailableException)
        {
            Fail(failure);
            return null;
        }
        finally
        {
            _opening.Release();
        }
    }

    private void Fail(Exception failure)
    {
        _failedAt = _time.GetTimestamp();
        Log.ReceiptNotSigned(_logger, failure.Message);
    }

    private sealed class Opened
    {
        public Opened(ISigningKey key)
        {
            var jwk = Cryptography.Jose.Jwk.Of(key.PublicKey);
            var algorithm = JwsAlgorithm.For(key.Algorithm)?.Name ?? "";
            var canonical = Encoding.UTF8.GetString(jwk.ToCanonicalJson());
            Key = key;
            // An AKP key says its algorithm itself (RFC 9964 §3).
            Jwk = $$"""{"kid":"{{jwk.Thumbprint()}}","use":"sig",{{(canonical.Contains("\"alg\"", StringComparison.Ordinal) ? "" : $"\"alg\":\"{algorithm}\",")}}{{canonical[1..]}}""";
        }

        public ISigningKey Key { get; }

        public string Jwk { get; }
    }
}
