using System.Text;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Quorum;

public sealed class OfficerTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Encode_TryParse_IsTheSame()
    {
        var alice = (await TestOfficers.CreateAsync(2, "alice", "bob")).Roster.Officers[0];
        Assert.True(Officer.TryParse(alice.Encode(), TestOfficers.Software, out var read, out _));
        Assert.Equal((alice.Name, alice.FullName, alice.Fingerprint, alice.ReceivingKey), (read.Name, read.FullName, read.Fingerprint, read.ReceivingKey));
    }

    [Theory]
    [InlineData("alice", "mallory")]
    [InlineData("Alice Example", "Alice Examplf")]
    public async Task TryParse_Changed_IsRefused(string what, string by)
    {
        var alice = (await TestOfficers.CreateAsync(2, "alice", "bob")).Roster.Officers[0];
        var changed = Encoding.UTF8.GetString(alice.Encode()).Replace($"\"{what}\"", $"\"{by}\"", StringComparison.Ordinal);
        Assert.False(Officer.TryParse(Encoding.UTF8.GetBytes(changed), TestOfficers.Software, out _, out var problem));
        Assert.Contains("signature", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TryParse_SwappedReceivingKey_IsRefused()
    {
        var roster = (await TestOfficers.CreateAsync(2, "alice", "bob")).Roster;
        string Key(int i) => Convert.ToBase64String(roster.Officers[i].ReceivingKey.SubjectPublicKeyInfo.Span);
        var changed = Encoding.UTF8.GetString(roster.Officers[0].Encode()).Replace("\\u002B", "+", StringComparison.Ordinal).Replace(Key(0), Key(1), StringComparison.Ordinal);
        Assert.Contains(Key(1), changed, StringComparison.Ordinal);
        Assert.False(Officer.TryParse(Encoding.UTF8.GetBytes(changed), TestOfficers.Software, out _, out _));
    }

    [Fact]
    public async Task Roster_OnePersonTwice_IsRefused()
    {
        var officers = (await TestOfficers.CreateAsync(2, "alice", "bob", "carol")).Roster.Officers;
        Assert.Throws<ArgumentException>(() => OfficerRoster.Of(2, [officers[0], officers[0]]));
        Assert.Throws<ArgumentException>(() => OfficerRoster.Of(1, officers));
        Assert.Throws<ArgumentException>(() => OfficerRoster.Of(4, officers));
    }

    [Fact]
    public async Task KeyFile_IsReadByOpenSsl_AndByNobodyWithoutThePassphrase()
    {
        var officers = await TestOfficers.CreateAsync(2, "alice", "bob");
        using var openssl = new OpenSslTool();
        openssl.Write("keys.pem", officers.FileOf("alice"));
        openssl.Write("pass", TestOfficers.PassphraseOf("alice"));
        openssl.Run("pkey", "-in", "keys.pem", "-passin", "file:pass", "-pubout", "-outform", "DER", "-out", "public.der");
        Assert.Equal(officers.Roster.Officers[0].SigningKey.SubjectPublicKeyInfo.ToArray(), openssl.Read("public.der"));
        Assert.False(OfficerKeyFile.TryOpen(officers.FileOf("alice"), officers.Roster.Officers[0], "wrong horse battery"u8, out _, out var problem));
        Assert.Equal("the passphrase does not open the file", problem);
        Assert.False(OfficerKeyFile.TryOpen(officers.FileOf("bob"), officers.Roster.Officers[0], TestOfficers.PassphraseOf("bob"), out _, out problem));
        Assert.Equal("these are not the keys of alice as the roster has them", problem);
        Assert.False(OfficerKeyFile.TryOpen("no keys here", officers.Roster.Officers[0], "x"u8, out _, out problem));
        Assert.StartsWith("it is not an officer's key file", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateAsync_ShortPassphrase_IsRefused() =>
        await Assert.ThrowsAsync<ArgumentException>(async () => await OfficerKeyFile.CreateAsync("alice", "Alice", KeyAlgorithm.EcdsaP384, "short"u8.ToArray(), TestOfficers.Software, CancellationToken.None));

    [Fact]
    public async Task Quorum_CountsEachOfficerOnce_AndOnlyForWhatWasAsked()
    {
        var officers = await TestOfficers.CreateAsync(2, "alice", "bob", "carol");
        var others = await TestOfficers.CreateAsync(2, "alice", "mallory");
        var count = new QuorumCount(officers.Roster, TestOfficers.Software, "approve-plan", ("ceremony", "c1"), ("plan", "abc"));
        Assert.Null(count.Add(await SignAsync(officers, "alice", "approve-plan", ("ceremony", "c1"), ("plan", "abc"))));
        Assert.Equal("alice counts already: a second officer is needed", count.Add(await SignAsync(officers, "alice", "approve-plan", ("ceremony", "c1"), ("plan", "abc"))));
        Assert.Equal("bob has signed for another plan: abd, not abc", count.Add(await SignAsync(officers, "bob", "approve-plan", ("ceremony", "c1"), ("plan", "abd"))));
        Assert.Equal("bob has signed for another ceremony: c2, not c1", count.Add(await SignAsync(officers, "bob", "approve-plan", ("ceremony", "c2"), ("plan", "abc"))));
        Assert.Equal("bob has signed 'close', not 'approve-plan'", count.Add(await SignAsync(officers, "bob", "close", ("ceremony", "c1"), ("plan", "abc"))));
        Assert.Equal("the statement of bob says more than was asked", count.Add(await SignAsync(officers, "bob", "approve-plan", ("ceremony", "c1"), ("plan", "abc"), ("step", "9"))));
        Assert.Equal("'mallory' is no officer of this roster", count.Add(await SignAsync(others, "mallory", "approve-plan", ("ceremony", "c1"), ("plan", "abc"))));
        Assert.Equal("the statement of alice names another key than the roster", count.Add(await SignAsync(others, "alice", "approve-plan", ("ceremony", "c1"), ("plan", "abc"))));
        Assert.False(count.IsMet());
        var bob = await SignAsync(officers, "bob", "approve-plan", ("ceremony", "c1"), ("plan", "abc"));
        for (var i = 0; i < bob.Text.Length; i++)
        {
            var changed = bob.Text.ToArray();
            changed[i] ^= 1;
            Assert.NotNull(count.Add(bob with { Text = changed }));
        }

        Assert.False(count.IsMet());
        Assert.Null(count.Add(bob));
        Assert.True(count.IsMet());
        Assert.False(count.IsMet(3));
    }

    private static async Task<SignedStatement> SignAsync(TestOfficers officers, string name, string kind, params (string, string?)[] about)
    {
        await using var key = officers.Open(name);
        return await key.SignAsync(OfficerStatement.Of(kind, Now, about), CancellationToken.None);
    }
}
