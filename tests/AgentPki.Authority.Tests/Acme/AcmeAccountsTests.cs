using System.Security.Cryptography;
using AgentPki.Authority.Store;
using Xunit;

namespace AgentPki.Authority.Tests.Acme;

/// <summary>Accounts are remembered; what is remembered is never older than the last change.</summary>
public sealed class AcmeAccountsTests
{
    [Fact]
    public async Task Find_ReadBeforeARevocationAndReturnedAfterIt_IsNotRemembered()
    {
        await using var scene = await AcmeScene.StartAsync();
        var account = await scene.AccountAsync();
        await scene.Authority.RestartAsync(); // nothing is remembered
        var (read, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        scene.Store.AfterAccount = () =>
        {
            scene.Store.AfterAccount = null;
            read.SetResult();
            return go.Task;
        };
        var slow = scene.Acme.Accounts.FindAsync(account.Id, default).AsTask();
        await read.Task;
        AcmeScene.Done(await scene.Acme.Accounts.RevokeAsync(account.Id, "admin:test", "c", default));
        go.SetResult();
        await slow;

        Assert.Equal(AcmeAccountState.Revoked, (await scene.Acme.Accounts.FindAsync(account.Id, default))!.State);
    }

    [Fact]
    public async Task Find_AfterTwoChangesOfOneReading_IsWhatTheStoreHas()
    {
        await using var scene = await AcmeScene.StartAsync();
        var account = await scene.AccountAsync();
        var key = SHA256.HashData("another key"u8);
        AcmeScene.Done(await scene.Acme.Accounts.RekeyAsync(account, key, "another key"u8.ToArray(), key, "c", default));
        AcmeScene.Done(await scene.Acme.Accounts.SetContactsAsync(account, ["mailto:a@b.test"], "c", default));

        var found = await scene.Acme.Accounts.FindAsync(account.Id, default);

        Assert.Equal(key, found!.Thumbprint);
        Assert.Equal(["mailto:a@b.test"], found.Contacts);
    }

    [Fact]
    public async Task Find_Unchanged_AsksTheStoreOnce()
    {
        await using var scene = await AcmeScene.StartAsync();
        var account = await scene.AccountAsync();
        await scene.Authority.RestartAsync();
        var reads = 0;
        scene.Store.AfterAccount = () =>
        {
            reads++;
            return Task.CompletedTask;
        };
        await scene.Acme.Accounts.FindAsync(account.Id, default);
        await scene.Acme.Accounts.FindAsync(account.Id, default);
        Assert.Equal(1, reads);
    }
}
