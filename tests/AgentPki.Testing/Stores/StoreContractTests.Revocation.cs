using AgentPki.Authority.Store;
using Xunit;

namespace AgentPki.Testing.Stores;

public abstract partial class StoreContractTests<TStore>
{
    [Fact]
    public async Task RevokeCertificate_Known_IsRevokedAndRaisesTheEpoch()
    {
        Store.Apply([.. Enumerable.Range(1, 3).Select(StoreSamples.Issuance)]);
        Assert.Equal(0, await Certificates.RevocationEpochAsync(Cancelled));

        var committed = Commit(StoreSamples.Revocation(2));

        Assert.Equal(1, committed.Epoch);
        Assert.Equal(1, await Certificates.RevocationEpochAsync(Cancelled));
        var expected = new CertificateStatus.Revoked(StoreSamples.Now, RevocationReason.KeyCompromise, 1);
        Assert.Equal(expected, await Certificates.FindStatusAsync(StoreSamples.Authority, StoreSamples.Serial(2), Cancelled));
        Assert.Equal(expected, (await Certificates.FindAsync(StoreSamples.Authority, StoreSamples.Serial(2), Cancelled))?.Status);
        Assert.Equal(expected, Assert.Single(await Certificates.ListByAgentAsync(StoreSamples.AgentId(2), 10, Cancelled)).Status);
        Assert.IsType<CertificateStatus.Good>(await Certificates.FindStatusAsync(StoreSamples.Authority, StoreSamples.Serial(1), Cancelled));
    }

    [Fact]
    public async Task RevokeCertificate_Again_KeepsTheFirstAndTheEpoch()
    {
        Commit(StoreSamples.Issuance(1));
        Commit(StoreSamples.Revocation(1));

        var again = Commit(StoreSamples.Revocation(1, RevocationReason.Superseded));

        Assert.Equal(1, again.Epoch);
        Assert.Equal(new CertificateStatus.Revoked(StoreSamples.Now, RevocationReason.KeyCompromise, 1), await Certificates.FindStatusAsync(StoreSamples.Authority, StoreSamples.Serial(1), Cancelled));
    }

    [Fact]
    public void RevokeCertificate_Unknown_Conflicts()
    {
        Conflict(new StoreChange.RevokeCertificate(StoreSamples.Authority, StoreSamples.Serial(1), StoreSamples.Now, RevocationReason.Unspecified));
        Conflict(new StoreChange.RevokeCertificate("nobody", StoreSamples.Serial(1), StoreSamples.Now, RevocationReason.Unspecified));
    }

    [Fact]
    public async Task RevokeCertificate_ManyInOneRequest_IsOneEpoch()
    {
        Store.Apply([.. Enumerable.Range(1, 5).Select(StoreSamples.Issuance)]);
        Commit(StoreSamples.Revocation(5));

        var bulk = Commit(StoreSamples.Request([.. Enumerable.Range(1, 4).Select(n => new StoreChange.RevokeCertificate(StoreSamples.Authority, StoreSamples.Serial(n), StoreSamples.Now, RevocationReason.CessationOfOperation))]));

        Assert.Equal(2, bulk.Epoch);
        Assert.Equal(2, Assert.IsType<CertificateStatus.Revoked>(await Certificates.FindStatusAsync(StoreSamples.Authority, StoreSamples.Serial(3), Cancelled)).Epoch);
    }

    [Fact]
    public async Task Revocations_OfOneBatch_EachRaiseTheEpoch_IssuancesDoNot()
    {
        Store.Apply([.. Enumerable.Range(1, 2).Select(StoreSamples.Issuance)]);

        var outcomes = Store.Apply([StoreSamples.Revocation(1), StoreSamples.Issuance(3), StoreSamples.Revocation(2), StoreSamples.Issuance(4)]);

        Assert.Equal([1L, 1, 2, 2], outcomes.Cast<CommitOutcome.Committed>().Select(c => c.Epoch));
        Assert.Equal(2, await Certificates.RevocationEpochAsync(Cancelled));
    }
}
