using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Names;
using Xunit;

namespace AgentPki.Authority.Tests.Acme;

/// <summary>One order, one signature.</summary>
public sealed class AcmeFinalizationTests
{
    [Fact]
    public async Task Finalize_ReadBeforeAnotherWasDone_SignsNothing()
    {
        await using var scene = await AcmeScene.StartAsync();
        var account = await scene.AccountAsync();
        var order = await scene.ReadyAsync(account, "a.test");
        var csr = await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), "", [new GeneralName.Dns("a.test")]);
        var (read, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        scene.Store.AfterOrder = () =>
        {
            scene.Store.AfterOrder = null;
            read.SetResult();
            return go.Task;
        };
        var second = scene.Acme.Orders.FinalizeAsync(AcmeScene.Caller(account), order.Id, csr, default).AsTask();
        await read.Task;
        Assert.Equal(AcmeOrderState.Valid, AcmeScene.Done(await scene.Acme.Orders.FinalizeAsync(AcmeScene.Caller(account), order.Id, csr, default)).State);
        go.SetResult();

        Assert.Equal(AcmeErrorType.OrderNotReady, Assert.IsType<AcmeOutcome<AcmeOrder>.Refused>(await second).Problem.Type);
        Assert.Empty(await scene.Authority.EntriesAsync(LedgerEntryKind.CertificateWithheld));
        Assert.Equal(1, await scene.Authority.AgentCertificatesAsync());
    }
}
