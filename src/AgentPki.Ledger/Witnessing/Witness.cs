using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using AgentPki.Cryptography;
using AgentPki.Ledger.Notes;

namespace AgentPki.Ledger.Witnessing;

/// <summary>What came of a submission.</summary>
public abstract record WitnessAnswer
{
    private WitnessAnswer()
    {
    }

    /// <summary>Cosigned, and remembered before this was said.</summary>
    public sealed record Cosigned(Checkpoint Head, ImmutableArray<NoteSignature> Lines) : WitnessAnswer;

    /// <param name="Kept">It was kept as evidence just now.</param>
    public sealed record Refused(WitnessVerdict Verdict, bool Kept) : WitnessAnswer;

    /// <summary>It may be a good head, and cannot be cosigned now.</summary>
    public sealed record Unavailable(string Reason) : WitnessAnswer;
}

/// <summary>
/// An independent witness: cosigns heads of logs that extend what it has seen, and no others. Judging, signing and remembering are one step for each log: two heads of one
/// size cannot both pass, and nothing goes back.
/// </summary>
/// <param name="name">The name of its keys.</param>
/// <param name="keys">Of purpose <see cref="KeyPurpose.WitnessCosignature"/>: Ed25519, ML-DSA-44 or both.</param>
public sealed class Witness(string name, IReadOnlyList<ISigningKey> keys, IWitnessState state, CryptoProviders providers, TimeProvider time)
{
    /// <summary>How far a clock may be behind the last cosignature's time and still be used, with that time: steps of time services are smaller.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(10);

    private readonly IReadOnlyList<(NoteKey Note, ISigningKey Key)> _keys = [.. keys.Select(key => (KeyOf(name, key), key))];
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);

    /// <summary>What its cosignatures are verified with.</summary>
    public IEnumerable<NoteKey> Keys => _keys.Select(key => key.Note);

    /// <summary>Judges a head and cosigns it. Once begun it is finished, whoever waits for it.</summary>
    public async ValueTask<WitnessAnswer> AddAsync(WitnessRequest request, CancellationToken cancellationToken)
    {
        // Strangers name origins as they like: only watched ones get a lock.
        var origin = request.Checkpoint.Checkpoint.Origin;
        if (state.Find(origin) is not { } log)
        {
            return new WitnessAnswer.Refused(new WitnessVerdict.UnknownLog(), Kept: false);
        }

        var turn = _turns.GetOrAdd(origin, _ => new SemaphoreSlim(1, 1));
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await AddInTurnAsync(request, log);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new WitnessAnswer.Unavailable($"the witness cannot remember: {failure.Message}");
        }
        catch (KeyUnavailableException failure)
        {
            return new WitnessAnswer.Unavailable($"the witness cannot sign: {failure.Message}");
        }
        finally
        {
            turn.Release();
        }
    }

    private async ValueTask<WitnessAnswer> AddInTurnAsync(WitnessRequest request, WitnessedLog log)
    {
        // 1. Judge, by what is on the disk.
        var last = state.Last(log.Origin);
        var verdict = WitnessRules.Judge(request, log, last?.Checkpoint, providers);
        if (verdict is not WitnessVerdict.Extends)
        {
            return new WitnessAnswer.Refused(verdict, Keep(request, last, verdict));
        }

        // 2. A later head never has an earlier time: "as of the specified time, the largest".
        var now = time.GetUtcNow();
        if (LastTime(last) is { } before && now < before)
        {
            if (before - now > ClockTolerance)
            {
                return new WitnessAnswer.Unavailable($"the witness's clock says {now:u}, and it has cosigned at {before:u} already");
            }

            now = before;
        }

        // 3. Sign; 4. remember; then it may be said.
        var head = request.Checkpoint;
        var lines = ImmutableArray.CreateBuilder<NoteSignature>();
        foreach (var (note, key) in _keys)
        {
            lines.Add(await note.SignAsync(key, head.Note.Text, now, CancellationToken.None));
        }

        var own = lines.ToImmutable();
        var verified = head.Note.Signatures.Where(line => log.Keys.Any(key => key.Claims(line))).DistinctBy(line => (line.KeyName, line.KeyId));
        state.Replace(log.Origin, new SignedCheckpoint(head.Checkpoint, new SignedNote(head.Note.Text, [.. verified, .. own])));
        return new WitnessAnswer.Cosigned(head.Checkpoint, own);
    }

    // "The witness MAY log the request even if the checkpoint fails one of the consistency checks …, as it might be proof of log misbehavior."
    private bool Keep(WitnessRequest request, SignedCheckpoint? last, WitnessVerdict verdict) => verdict switch
    {
        WitnessVerdict.Inconsistent(var reason, var fork) => state.Keep(request, last, reason, fork),
        WitnessVerdict.Behind { Fork: true } => state.Keep(request, last, "two heads of one size are signed, with different roots", proven: true),
        _ => false,
    };

    private DateTimeOffset? LastTime(SignedCheckpoint? last)
    {
        var times = (last?.Note.Signatures ?? []).Where(line => line.KeyName == name && line.Signature.Length > sizeof(long))
            .Select(line => BinaryPrimitives.ReadInt64BigEndian(line.Signature.Span)).Where(seconds => seconds is >= 0 and <= 253402300799).ToList();
        return times.Count == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(times.Max());
    }

    private static NoteKey KeyOf(string name, ISigningKey key) => key.Purpose == KeyPurpose.WitnessCosignature
        ? NoteKey.CreateCosigner(name, key.PublicKey)
        : throw new ArgumentException($"Key {key.Reference.Label} is for {key.Purpose}, not for {KeyPurpose.WitnessCosignature}.", nameof(key));
}
