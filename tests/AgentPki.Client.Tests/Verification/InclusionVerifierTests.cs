using AgentPki.Authority.Enrollment;
using AgentPki.Client.Verification;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Client.Tests.Verification;

public sealed class InclusionVerifierTests : IAsyncLifetime
{
    private TestAuthority _authority = null!;
    private Certificate _certificate = null!;
    private Certificate _other = null!;
    private InclusionProof _proof = null!;
    private string _origin = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _authority = await TestAuthority.StartAsync();
        (_certificate, var key) = await _authority.AgentAsync("one");
        (_other, var otherKey) = await _authority.AgentAsync("two");
        await key.DisposeAsync();
        await otherKey.DisposeAsync();
        Assert.True(await _authority.Services.Checkpoints.SignAsync(Token));
        ILedgerStore ledger = _authority.Store;
        var checkpoint = await ledger.LatestCheckpointAsync(Token);
        Assert.NotNull(checkpoint);
        _origin = checkpoint.Checkpoint.Origin;
        var fingerprint = Convert.ToHexStringLower(_certificate.Fingerprint());
        await foreach (var record in ledger.ReadAsync(0, Token))
        {
            if (record.Details?.Facts.GetValueOrDefault(LedgerFacts.CertificateSha256) == fingerprint)
            {
                var path = await new MerkleProver(ledger).InclusionProofAsync(record.Leaf.Index, checkpoint.Checkpoint.Size, Token);
                _proof = new InclusionProof(record, path, checkpoint.ToString());
            }
        }

        Assert.NotNull(_proof);
    }

    public ValueTask DisposeAsync() => _authority.DisposeAsync();

    [Fact]
    public void Verify_IssuedCertificate_IsIncluded() => Assert.IsType<InclusionResult.Included>(Verifier().Verify(_certificate, _proof));

    [Fact]
    public void Verify_AnotherCertificate_IsNotShown() => NotShown("another certificate", Verifier().Verify(_other, _proof));

    [Fact]
    public void Verify_AnotherLog_IsNotShown() => NotShown("of the log", Verifier(_origin[..^1] + "2").Verify(_certificate, _proof));

    [Fact]
    public void Verify_AnotherKey_IsNotShown() =>
        NotShown("not signed by the ledger's key", new InclusionVerifier(_certificate.PublicKey, _origin, _authority.Providers).Verify(_certificate, _proof));

    [Fact]
    public void Verify_ChangedPath_IsNotShown() => NotShown("path", Verifier().Verify(_certificate, _proof with { Path = [.. _proof.Path.Skip(1)] }));

    [Fact]
    public void Verify_ChangedDetails_IsNotShown()
    {
        var details = _proof.Record.EncodedDetails!.Value.ToArray();
        details[^1] ^= 1;
        NotShown("commits to", Verifier().Verify(_certificate, _proof with { Record = _proof.Record with { EncodedDetails = details } }));
    }

    [Fact]
    public void Verify_ChangedCheckpoint_IsNotShown() => NotShown("not signed", Verifier().Verify(_certificate, _proof with { Checkpoint = Resized(_proof.Checkpoint) }));

    [Fact]
    public void Verify_NoCheckpoint_IsNotShown() => NotShown("cannot be read", Verifier().Verify(_certificate, _proof with { Checkpoint = "nonsense" }));

    private InclusionVerifier Verifier(string? origin = null) => new(_authority.Ceremony.CheckpointKey, origin ?? _origin, _authority.Providers);

    private static string Resized(string note)
    {
        var lines = note.Split('\n');
        lines[1] = "99999";
        return string.Join('\n', lines);
    }

    private static void NotShown(string reason, InclusionResult result) =>
        Assert.Contains(reason, Assert.IsType<InclusionResult.NotShown>(result).Reason, StringComparison.Ordinal);
}
