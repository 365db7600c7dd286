using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>
/// Writes the transcript of one ceremony: records under the signature of a key that lives as long as the ceremony. That key alone vouches for little; the
/// officers name it when they approve the plan, and sign the last record's digest when they close.
/// </summary>
public sealed class Transcript : IAsyncDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly SoftwareSigningKey _key;
    private readonly TimeProvider _time;

    private Transcript(EvidenceFolder folder, string ceremony, SoftwareSigningKey key, TimeProvider time) => (Folder, Ceremony, _key, _time) = (folder, ceremony, key, time);

    public EvidenceFolder Folder { get; }

    public string Ceremony { get; }

    /// <summary>How many records there are.</summary>
    public int Count { get; private set; }

    /// <summary>SHA-256 of the last record, hexadecimal.</summary>
    public string Head { get; private set; } = TranscriptRecord.Nothing;

    /// <summary>SHA-256 of the transcript key's SubjectPublicKeyInfo, hexadecimal.</summary>
    public string KeyFingerprint => Convert.ToHexStringLower(_key.PublicKey.Fingerprint());

    /// <summary>The records so far.</summary>
    public IReadOnlyList<TranscriptRecord> Records => _records;

    private readonly List<TranscriptRecord> _records = [];

    /// <summary>Begins a transcript in an empty folder.</summary>
    /// <param name="keyFile">Where the key waits while the ceremony may be resumed: outside of the folder, which is public.</param>
    public static async ValueTask<Transcript> BeginAsync(EvidenceFolder folder, string ceremony, string keyFile, CryptoProviders software, TimeProvider time, CancellationToken cancellationToken)
    {
        folder.Create();
        var maker = software.For(KeyAlgorithm.EcdsaP256, KeyCapabilities.Generate | KeyCapabilities.Sign) ?? throw new NotSupportedException("No software provider makes ecdsa-p256 keys.");
        var key = (SoftwareSigningKey)await maker.GenerateAsync(new KeySpec($"transcript-{ceremony}", KeyAlgorithm.EcdsaP256, KeyPurpose.Subject), cancellationToken);
        var pkcs8 = key.ExportPkcs8();
        DurableFile.Write(keyFile, pkcs8, OwnerOnly);
        CryptographicOperations.ZeroMemory(pkcs8);
        DurableFile.Write(folder.TranscriptKey, System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", key.PublicKey.SubjectPublicKeyInfo.Span) + "\n"));
        return new Transcript(folder, ceremony, key, time);
    }

    /// <summary>Takes a transcript up where it stopped.</summary>
    /// <exception cref="CeremonyException">It was changed, or its key is gone.</exception>
    public static Transcript Resume(EvidenceFolder folder, string ceremony, string keyFile, CryptoProviders software, TimeProvider time)
    {
        if (!File.Exists(keyFile))
        {
            throw new CeremonyException($"The transcript's key {keyFile} is not there: the ceremony was closed, or the file was deleted, and nothing can be added to it any more.");
        }

        var pkcs8 = File.ReadAllBytes(keyFile);
        var key = SoftwareKeys.ImportSigningKey($"transcript-{ceremony}", KeyPurpose.CeremonyTranscript, pkcs8);
        CryptographicOperations.ZeroMemory(pkcs8);
        var transcript = new Transcript(folder, ceremony, key, time);
        var chain = RecordChain.Read(folder, key.PublicKey, software);
        if (chain.Problems is [var problem, ..])
        {
            throw new CeremonyException($"The transcript in {folder.Root} is not as it was written ({problem}). Restore it from a copy, or begin a new ceremony.");
        }

        transcript._records.AddRange(chain.Records);
        transcript.RemoveLeftovers(chain);
        (transcript.Count, transcript.Head) = (chain.Records.Count, chain.Head);
        return transcript;
    }

    // What was written for a record that the power took: the step that is tried again writes it again. Statements about the end name no record yet.
    private void RemoveLeftovers(RecordChain chain)
    {
        var named = EvidenceVerifier.NamedBy(chain.Records);
        foreach (var path in Directory.EnumerateFiles(Folder.Statements).Where(p => !Path.GetFileName(p).StartsWith(StatementFiles.ClosePrefix, StringComparison.Ordinal)).Concat(Directory.EnumerateFiles(Folder.Artifacts))
            .Where(p => !named.Contains(Folder.Relative(p))).Concat(chain.Leftovers).Concat(Directory.EnumerateFiles(Folder.Root, "*" + DurableFile.ScratchExtension, SearchOption.AllDirectories)).ToList())
        {
            File.Delete(path);
        }
    }

    /// <summary>Adds a record, durably.</summary>
    public async ValueTask AddAsync(string kind, params (string Name, string? Value)[] facts)
    {
        var now = _time.GetUtcNow();
        var sheet = TranscriptRecord.ToSheet(Ceremony, Count, now, kind, Head, facts);
        var encoded = sheet.Encode();
        // The signature first: a record is there when its text is, and then its signature is too.
        DurableFile.Write(Folder.RecordSignature(Count), await _key.SignAsync(SignatureAlgorithm.EcdsaSha256, encoded, CancellationToken.None));
        DurableFile.Write(Folder.Record(Count), encoded);
        _records.Add(new TranscriptRecord(Count, kind, Ceremony, Head, now, sheet));
        Head = TranscriptRecord.DigestOf(encoded);
        Count++;
    }

    /// <summary>Puts a file beside the records and names it and its digest for the next one.</summary>
    /// <param name="name">Unique in the ceremony; an equal file of that name is taken.</param>
    /// <returns>The facts <c>file</c> and <c>sha256</c>.</returns>
    public IReadOnlyList<(string Name, string? Value)> Keep(string name, ReadOnlySpan<byte> content)
    {
        // A token's name is in it, which may be anything; a file's is plain.
        name = new string([.. name.Select(c => EvidenceListing.IsPlain(c.ToString()) ? c : '_')]);
        var path = Path.Combine(Folder.Artifacts, name);
        var digest = TranscriptRecord.DigestOf(content);
        if (File.Exists(path) && TranscriptRecord.DigestOf(File.ReadAllBytes(path)) != digest)
        {
            // A step that was begun again made another one: the first stays, for a record names it.
            path = Path.Combine(Folder.Artifacts, $"{Count}-{name}");
        }

        DurableFile.Write(path, content);
        return [("file", Folder.Relative(path)), ("sha256", digest)];
    }

    /// <summary>The key is not needed any more: no record follows.</summary>
    public static void Forget(string keyFile)
    {
        if (File.Exists(keyFile))
        {
            var length = (int)new FileInfo(keyFile).Length;
            using (var file = File.OpenHandle(keyFile, FileMode.Open, FileAccess.Write))
            {
                RandomAccess.Write(file, new byte[length], 0);
                RandomAccess.FlushToDisk(file);
            }

            File.Delete(keyFile);
        }
    }

    public ValueTask DisposeAsync() => _key.DisposeAsync();
}
