using AgentPki.Authority.Store;
using AgentPki.Ledger.Verification;
using AgentPki.Testing.Stores;
using Xunit;

namespace AgentPki.Ledger.Tests.Verification;

/// <summary>The records beside the log: certificates and revocations, each against its entry.</summary>
public sealed class EvidenceTests : TamperedLogTests
{
    [Fact]
    public async Task Verify_CertificateRecordChanged_IsNamed()
    {
        var at = Log.Certificates.FindIndex(c => c.Leaf == 250);
        Log.Certificates[at] = Log.Certificates[at] with { Sha256Hex = new string('0', 64) };

        var result = await VerifyAsync();
        Assert.Contains(result.Findings, f => f is { Kind: LedgerFindingKind.CertificateUnexplained, First: 250 });
        Assert.Contains(result.Findings, f => f is { Kind: LedgerFindingKind.CertificateMissing, First: 250 });
    }

    [Fact]
    public async Task Verify_CertificateRecordGone_IsNamed()
    {
        Log.Certificates.RemoveAll(c => c.Leaf == 250);

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.CertificateMissing, 250L), (finding.Kind, finding.First));
    }

    [Theory]
    [InlineData(250)]
    [InlineData(0)]
    [InlineData(99999)]
    public async Task Verify_CertificateRecordWithoutEntry_IsNamed(long leaf)
    {
        var at = Log.Certificates.FindLastIndex(c => c.Leaf <= leaf) + 1;
        Log.Certificates.Insert(at, new CertificateEvidence(leaf, StoreSamples.Authority, "0102", new string('a', 64)));

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.CertificateUnexplained, leaf), (finding.Kind, finding.First));
    }

    [Fact]
    public async Task Verify_RevocationTakenBack_IsNamed()
    {
        Log.Revocations.RemoveAll(r => r.Leaf == 259);

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.RevocationMissing, 259L), (finding.Kind, finding.First));
    }

    [Fact]
    public async Task Verify_RevocationWithoutEntry_IsNamed()
    {
        var at = Log.Revocations.FindIndex(r => r.Leaf > 250);
        Log.Revocations.Insert(at, new RevocationEvidence(250, StoreSamples.Authority, Convert.ToHexStringLower(StoreSamples.Serial(250))));

        var finding = Assert.Single((await VerifyAsync()).Findings);
        Assert.Equal((LedgerFindingKind.RevocationUnexplained, 250L), (finding.Kind, finding.First));
    }

    [Fact]
    public async Task Verify_RevokedTwice_IsIntact()
    {
        Append(LedgerEntryKind.CertificateRevoked, 1, LedgerFacts.OfSerial(StoreSamples.Authority, StoreSamples.Serial(258)));

        var result = await VerifyAsync();
        Assert.True(result.IsIntact, string.Join('\n', result.Findings));
    }
}
