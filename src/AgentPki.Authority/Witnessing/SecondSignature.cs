using AgentPki.Authority.Ceremony;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Witnessing;

/// <summary>Adds the log's ML-DSA-44 line to checkpoints that are signed already. While its key is away they have the first signature alone.</summary>
internal sealed class SecondSignature(ILedgerStore ledger, CryptoProviders providers, string? label, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private ISigningKey? _key;
    private bool _absent = label is null;
    private bool _failing;

    public PublicKey? PublicKey => _key?.PublicKey;

    /// <summary>The checkpoint with the line, or as it was.</summary>
    public async ValueTask<SignedCheckpoint> AddToAsync(SignedCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        try
        {
            // Looked for when it is first needed: a token that is away holds up no start.
            if (_absent || (_key ??= await KeySearch.FindAsync(providers, label ?? "", null, cancellationToken)) is not { } key)
            {
                _absent = true;
                return checkpoint;
            }

            var own = NoteKey.Create(checkpoint.Checkpoint.Origin, key.PublicKey);
            if (checkpoint.Note.Signatures.Any(own.Claims))
            {
                return checkpoint;
            }

            var line = await new CheckpointCosigner(key).SignAsync(checkpoint, time.GetUtcNow(), cancellationToken);
            await ledger.AddSignaturesAsync(checkpoint.Checkpoint, [line], cancellationToken);
            _failing = false;
            return checkpoint.With([line]);
        }
        catch (KeyUnavailableException failure)
        {
            if (!_failing)
            {
                Log.SecondSignatureDelayed(logger, KeyAlgorithm.MlDsa44.Name, failure);
            }

            _failing = true;
            return checkpoint;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_key is { } key)
        {
            await key.DisposeAsync();
        }
    }
}
