using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Native;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;
using Xunit;

namespace AgentPki.Pkcs11.Tests;

/// <summary>A session beside the provider's, in whose login it shares: sees what another program of this process would.</summary>
internal static class TokenPeek
{
    public static T At<T>(Pkcs11Options options, Func<Session, T> look)
    {
        var module = TokenModule.Acquire(options.ModulePath, options.Environment, options.Token.Preload);
        module.Enter();
        try
        {
            ulong session = 0;
            var slot = TokenInformation.Find(module.Library, options.TokenLabel, null).Slot;
            Assert.Equal(CKR.CKR_OK, module.Library.C_OpenSession(slot, CKF.CKF_SERIAL_SESSION | CKF.CKF_RW_SESSION, IntPtr.Zero, IntPtr.Zero, ref session));
            try
            {
                return look(new Session(module, session));
            }
            finally
            {
                _ = module.Library.C_CloseSession(session);
            }
        }
        finally
        {
            module.Exit();
            module.Release();
        }
    }

    /// <summary>C_Finalize and C_Initialize: every session and every handle is void after it.</summary>
    public static void Restart(Pkcs11Options options)
    {
        var module = TokenModule.Acquire(options.ModulePath, options.Environment, options.Token.Preload);
        Assert.True(module.Reinitialize(TimeSpan.FromSeconds(30)));
        module.Release();
    }

    internal sealed class Session(TokenModule module, ulong session)
    {
        private TokenSession Token => new(module, session, epoch: 0);

        public IReadOnlyList<ulong> Find(AttributeTemplate template) => Token.Find(template);

        public ulong PrivateKey(string label) => Assert.Single(Find(AttributeTemplate.Empty.With(CKA.CKA_CLASS, (ulong)CKO.CKO_PRIVATE_KEY).With(CKA.CKA_ID, KeyNaming.Id(label))));

        public byte[]? Read(ulong key, CKA attribute) => Token.Read(key, attribute);

        public bool? ReadBool(ulong key, CKA attribute) => Token.ReadBool(key, attribute);

        public bool Destroy(ulong key)
        {
            Token.Destroy(key);
            return true;
        }

        public ulong Create(AttributeTemplate template) => Token.Create(template);

        public void Generate(ulong mechanism, AttributeTemplate publicTemplate, AttributeTemplate privateTemplate) => Token.GenerateKeyPair(mechanism, publicTemplate, privateTemplate);
    }
}
