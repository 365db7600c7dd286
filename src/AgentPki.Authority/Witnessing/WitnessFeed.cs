using System.Collections.Immutable;
using System.Globalization;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Witnessing;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Witnessing;

/// <summary>One witness, asked one question at a time.</summary>
internal sealed class WitnessFeed(IWitness witness, ILedgerStore ledger, CryptoProviders providers, AuthorityMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>Answers in one round: its size, the cosignature, and once more should another of ours have been first.</summary>
    private const int MostQuestions = 3;

    private long _seen;
    private volatile WitnessStatus _status = new(witness.Name, 0, null, null, false);

    public WitnessStatus Status => _status;

    /// <summary>Has the witness cosign that head unless it has.</summary>
    public async Task FeedAsync(SignedCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        var head = checkpoint.Checkpoint;
        if (checkpoint.Note.Signatures.Any(line => witness.Keys.Any(key => key.Claims(line))))
        {
            Succeed(head.Size);
            return;
        }

        var reply = await AskAsync(checkpoint, cancellationToken);
        switch (reply)
        {
            case WitnessReply.Cosigned(var lines):
                await KeepAsync(checkpoint, lines, cancellationToken);
                break;
            case WitnessReply.Inconsistent(var reason):
                Fail(reason, "inconsistent", contradiction: true);
                break;
            case WitnessReply.Behind(var size):
                // More than there is: the head of the log, not of the checkpoint, for the log may have grown meanwhile.
                var entries = (await ledger.HeadAsync(cancellationToken)).Size;
                Fail(
                    size > entries
                        ? string.Create(CultureInfo.InvariantCulture, $"it has cosigned {size} entries of this log, which has {entries}: the ledger was set back")
                        : string.Create(CultureInfo.InvariantCulture, $"it says that it has seen {size} entries, and refuses the proof from there"),
                    "behind",
                    contradiction: size > entries);
                break;
            case WitnessReply.Refused(var reason):
                Fail(reason, "refused", contradiction: false);
                break;
            case WitnessReply.Silent(var reason):
                Fail(reason, "silent", contradiction: false);
                break;
        }
    }

    /// <summary>It took longer than a round takes.</summary>
    public void Silence(string reason) => Fail(reason, "silent", contradiction: false);

    private async ValueTask<WitnessReply> AskAsync(SignedCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        var size = checkpoint.Checkpoint.Size;
        WitnessReply reply = new WitnessReply.Behind(_seen);
        for (var question = 0; question < MostQuestions && reply is WitnessReply.Behind(var seen) && seen <= size; question++)
        {
            _seen = seen;
            ImmutableArray<MerkleHash> proof = [.. await new MerkleProver(ledger).ConsistencyProofAsync(seen, size, cancellationToken)];
            reply = await witness.AddAsync(new WitnessRequest(seen, proof, checkpoint), cancellationToken);
        }

        return reply;
    }

    private async ValueTask KeepAsync(SignedCheckpoint checkpoint, ImmutableArray<NoteSignature> lines, CancellationToken cancellationToken)
    {
        // "The client MUST ignore any cosignatures from unknown keys"; one that claims to be a known key's and is not is no answer of that witness.
        var own = lines.Where(line => witness.Keys.Any(key => key.Claims(line))).DistinctBy(line => line.KeyId).ToList();
        if (own.Count == 0 || !own.TrueForAll(line => witness.Keys.Any(key => key.Verify(checkpoint.Note.Text, line, providers))))
        {
            Fail(own.Count == 0 ? "its answer has no line of its key" : "its answer's signature does not verify", "silent", contradiction: false);
            return;
        }

        if (await ledger.AddSignaturesAsync(checkpoint.Checkpoint, own, cancellationToken))
        {
            metrics.Witnessed("cosigned");
        }

        _seen = checkpoint.Checkpoint.Size;
        Succeed(_seen);
    }

    private void Succeed(long size)
    {
        if (_status.Problem is not null)
        {
            Log.CosignsAgain(logger, witness.Name, size);
        }

        _status = new WitnessStatus(witness.Name, size, _status.Size == size ? _status.Since : time.GetUtcNow(), null, false);
    }

    // Once for each reason, not every minute.
    private void Fail(string reason, string outcome, bool contradiction)
    {
        metrics.Witnessed(outcome);
        if (_status.Problem != reason)
        {
            if (contradiction)
            {
                Log.Contradicted(logger, witness.Name, reason);
            }
            else
            {
                Log.NotCosigned(logger, witness.Name, reason);
            }
        }

        // What was contradicted stays so until the witness cosigns: silence afterwards takes nothing back.
        _status = _status with { Problem = contradiction || !_status.IsContradiction ? reason : _status.Problem, IsContradiction = contradiction || _status.IsContradiction };
    }
}
