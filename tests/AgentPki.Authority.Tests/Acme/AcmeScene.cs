using System.Security.Cryptography;
using System.Text;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;
using AgentPki.Testing.Acme;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Acme;

/// <summary>An authority whose ACME store a test can hold up, without a wire in front of it.</summary>
internal sealed class AcmeScene : IAsyncDisposable
{
    private AcmeScene(TestAuthority authority, HookedAcmeStore store) => (Authority, Store) = (authority, store);

    public TestAuthority Authority { get; }

    public HookedAcmeStore Store { get; }

    public AcmeAuthority Acme => Authority.Services.Acme;

    public static async Task<AcmeScene> StartAsync()
    {
        HookedAcmeStore? store = null;
        var authority = await TestAuthority.StartAsync(surroundings: e => e with
        {
            Stores = e.Stores with { Acme = store = new HookedAcmeStore(e.Stores.Acme) },
            ChallengeValidators = [new ScriptedValidator("http-01", "dns", "ip")],
        });
        return new AcmeScene(authority, store!);
    }

    public async Task<AcmeAccount> AccountAsync(string key = "a")
    {
        var jwk = Encoding.UTF8.GetBytes(key);
        return Done(await Acme.Accounts.CreateAsync(new NewAcmeAccount(SHA256.HashData(jwk), jwk, SHA256.HashData(jwk), [], true, null), "c", default)).Account;
    }

    public static AcmeCaller Caller(AcmeAccount account) => new(account, $"https://pki.test/acme/account/{account.Id}", "c");

    /// <summary>An order for one DNS name that is proven.</summary>
    public async Task<AcmeOrder> ReadyAsync(AcmeAccount account, string name)
    {
        var order = Done(await Acme.Orders.PlaceAsync(account, new NewAcmeOrder([AcmeIdentifier.Parse("dns", name)], null, null), default));
        _ = Done(await Acme.Authorizations.AnswerAsync(Caller(account), order.Authorizations[0], "http-01", "{}"u8.ToArray(), default));
        for (var i = 0; i < 400 && order.State == AcmeOrderState.Pending; i++)
        {
            await Task.Delay(5);
            order = await Acme.Orders.FindAsync(Caller(account), order.Id, default) ?? order;
        }

        Assert.Equal(AcmeOrderState.Ready, order.State);
        return order;
    }

    public static T Done<T>(AcmeOutcome<T> outcome) => Assert.IsType<AcmeOutcome<T>.Done>(outcome).Value;

    public ValueTask DisposeAsync() => Authority.DisposeAsync();
}
