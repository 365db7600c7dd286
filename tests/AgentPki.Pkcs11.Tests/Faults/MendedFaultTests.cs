using AgentPki.Cryptography;
using AgentPki.Pkcs11.Errors;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Faults;

/// <summary>What the pool puts right by itself, and what it must not.</summary>
public sealed class MendedFaultTests(FaultyModule module) : FaultTestBase(module)
{
    [Theory]
    [InlineData("C_SignInit", 0x60)] // key handle
    [InlineData("C_SignInit", 0x82)] // object handle
    [InlineData("C_SignInit", 0xB3)] // session handle
    [InlineData("C_Sign", 0xB0)] // session closed
    [InlineData("C_SignInit", 0x101)] // not logged in
    [InlineData("C_SignInit", 0xE0)] // token not present
    [InlineData("C_SignInit", 0x03)] // slot
    [InlineData("C_SignInit", 0x90)] // operation active
    [InlineData("C_Sign", 0x91)] // operation not initialised
    [InlineData("C_Sign", 0x06)] // function failed
    [InlineData("C_Sign", 0x05)] // general error
    public async Task SignAsync_CodeThatASecondTryMends_CallerDoesNotNotice(string call, ulong code)
    {
        var (provider, key) = await KeyAsync(Module.Token());
        await AssertSigns(key);
        var before = Module.Count("C_Sign");
        Module.Fail(call, code, times: 1);
        await AssertSigns(key);
        Assert.True(Module.Count("C_Sign") > before);
        Assert.True(provider.IsHealthy);
        Assert.Null(provider.DownReason);
    }

    [Fact]
    public async Task SignAsync_HandleKnown_FindsTheKeyOnce()
    {
        var (_, key) = await KeyAsync(Module.Token());
        await AssertSigns(key);
        var before = Module.Count("C_FindObjectsInit");
        for (var i = 0; i < 20; i++)
        {
            await AssertSigns(key);
        }

        Assert.Equal(before, Module.Count("C_FindObjectsInit"));
        Module.Fail("C_SignInit", 0x60, times: 1);
        await AssertSigns(key);
        Assert.Equal(before + 1, Module.Count("C_FindObjectsInit"));
    }

    [Fact]
    public async Task SignAsync_ManyAtOnce_OneLoginAndNoMoreSessionsThanAllowed()
    {
        var before = (Logins: Module.Count("C_Login"), Sessions: Module.Count("C_OpenSession"));
        var options = Module.Token(sessions: 3);
        before = (Module.Count("C_Login"), Module.Count("C_OpenSession"));
        var (provider, key) = await KeyAsync(options);
        await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => AssertSigns(key))));
        Assert.Equal(1, Module.Count("C_Login") - before.Logins);
        Assert.InRange(Module.Count("C_OpenSession") - before.Sessions, 2, 4); // the anchor and at most three
        Assert.InRange(provider.Health.Sessions, 1, 3);
    }

    [Theory]
    [InlineData("C_SignInit", 0x63, typeof(TokenCallException))] // key type inconsistent
    [InlineData("C_Sign", 0x21, typeof(TokenCallException))] // data length
    [InlineData("C_SignInit", 0x70, typeof(NotSupportedException))] // mechanism
    public async Task SignAsync_RequestIsWrong_CallerHearsItAndBreakerStaysClosed(string call, ulong code, Type expected)
    {
        var (provider, key) = await KeyAsync(Module.Token());
        Module.Fail(call, code);
        for (var i = 0; i < 6; i++)
        {
            var error = await Assert.ThrowsAsync(expected, async () => await key.SignAsync(SignatureAlgorithm.EcdsaSha256, Message, Cancel));
            Assert.Contains($"{call}(CKM_ECDSA, private key 'key') answered {CkrExplanation.For(code).Name}", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(BreakerState.Closed, provider.Health.Breaker);
        Module.Reset();
        await AssertSigns(key);
    }

    [Fact]
    public async Task SignAsync_TokenTakesNoMoreSessions_WorksWithThoseThereAre()
    {
        var (provider, key) = await KeyAsync(Module.Token(sessions: 4));
        await AssertSigns(key);
        Module.Fail("C_OpenSession", 0xB1);
        await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => AssertSigns(key))));
        Assert.Equal(BreakerState.Closed, provider.Health.Breaker);
        Assert.InRange(provider.Health.Sessions, 1, 4);
    }

    [Fact]
    public async Task GenerateAsync_TokenRefusesTheTemplate_TextNamesMechanismAndAttributes()
    {
        var provider = await OpenAsync(Module.Token());
        Module.Fail("C_GenerateKeyPair", 0xD1);
        var error = await Assert.ThrowsAsync<TokenCallException>(async () => await provider.GenerateAsync(new("k", KeyAlgorithm.EcdsaP256, KeyPurpose.Probe), Cancel));
        Assert.Contains("CKM_EC", error.Message, StringComparison.Ordinal);
        Assert.Contains("CKA_EXTRACTABLE", error.Message, StringComparison.Ordinal);
        Assert.Contains("CKA_EC_PARAMS", error.Message, StringComparison.Ordinal);
        Assert.Contains("CKR_TEMPLATE_INCONSISTENT", error.Message, StringComparison.Ordinal);
    }
}
